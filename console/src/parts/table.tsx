/* Tables that become lists of cards on a narrow screen: each cell carries its column's name for that. */
import type { ComponentChildren } from 'preact';

export interface Column {
    name: string;
    kind?: 'number' | 'wide' | 'end' | undefined;
}

export function Table(props: { caption: string; columns: Column[]; children: ComponentChildren }) {
    return (
        <div class="table">
            <table>
                <caption class="hidden">{props.caption}</caption>
                <thead>
                    <tr>
                        {props.columns.map((column) => (
                            <th scope="col" class={column.kind}>
                                {column.name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>{props.children}</tbody>
            </table>
        </div>
    );
}

export function Cell(props: { of?: string; kind?: Column['kind'] | 'title'; children: ComponentChildren }) {
    return (
        <td class={props.kind} data-of={props.of}>
            {props.children}
        </td>
    );
}

/* Nothing to say here; on a narrow screen the whole line goes. */
export function Dash() {
    return <span class="quiet dash">–</span>;
}

/* A list too long for a cell. */
export function Prefixes({ list, rest, most = 2 }: { list: string[]; rest: (count: number) => string; most?: number }) {
    return (
        <span class="prefixes" title={list.join('\n')}>
            {list.slice(0, most).map((prefix) => (
                <code>{prefix}</code>
            ))}
            {list.length > most && <span class="quiet">{rest(list.length - most)}</span>}
        </span>
    );
}
