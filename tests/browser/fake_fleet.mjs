/* A godwit-fleet of paper: the paths of api/fleet.openapi.yaml that the console uses, over data in memory, and the
 * console's files with the headers the service gives them. For what the real one cannot be brought to at will (streams
 * that break, markup in every text), and for developing: `node tests/browser/fake_fleet.mjs` prints where it is.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFleet, pastEvent } from './fake_data.mjs';

export const token = 'gwt_a-token-for-browsers';

export const securityPolicy =
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'";

const types = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
};

class NotFound extends Error {}
class Refused extends Error {}

/* Pattern -> answer. `:x` is one segment; a string is sent as text, undefined as 204. */
function routesOf(fake) {
    const { fleet } = fake;
    const find = (list, id) => {
        const found = list.find((each) => each.id === id);
        if (!found) {
            throw new NotFound();
        }
        return found;
    };
    const ofServer = (id) => fleet.sessions.filter((session) => session.device.id === id);
    return {
        'GET /v1/whoami': () => ({
            kind: fake.kind,
            scope: fake.scope,
            token_id: fleet.tokens[0].id,
            name: fleet.tokens[0].description,
            user_id: null,
            project_id: fake.kind === 'project' ? fleet.projects[0].id : null,
            version: 'fake',
        }),
        'GET /metal/v1/projects': () => ({ projects: fleet.projects, meta: { last_page: 1 } }),
        'GET /v1/projects/:id': ([id]) => find(fleet.projects, id),
        'GET /metal/v1/projects/:id/devices': ([id], _, query) => {
            const devices = fleet.servers.filter((server) => server.project_id === id);
            return pageOf('devices', devices, query);
        },
        'GET /metal/v1/projects/:id/bgp-config': ([id]) => ({ md5: fleet.md5[id] ?? null }),
        'POST /metal/v1/projects/:id/bgp-configs': ([id], body) => {
            const { deployment_type, asn, md5 } = body;
            const project = find(fleet.projects, id);
            project.bgp = { status: 'enabled', deployment_type, asn, max_prefix: 10, has_md5: md5 !== null };
            fleet.md5[id] = md5;
            fake.tell({ type: 'bgp_config.updated', project_id: id });
        },
        'POST /metal/v1/projects/:id/bgp/discover': () => fake.discover(),
        'POST /metal/v1/devices/:id/bgp/discover': () => fake.discover(),
        'POST /v1/sessions/:id/refresh': () => fake.discover(),
        'POST /v1/sessions/:id/reset': ([id]) => fake.tell({ type: 'bgp_session.reset', session_id: id }),
        'GET /v1/sessions': (_, __, query) => {
            const [from, size] = [Number(query.get('cursor') ?? 0), Number(query.get('limit'))];
            const all = fleet.sessions.filter(
                (session) =>
                    (!query.get('project') || session.project_id === query.get('project')) &&
                    (!query.get('router') || session.legs.some((leg) => leg.router.id === query.get('router'))),
            );
            const next = all.length > from + size ? String(from + size) : null;
            return { sessions: all.slice(from, from + size), next };
        },
        'GET /v1/sessions/:id': ([id]) => find(fleet.sessions, id),
        'GET /v1/sessions/:id/timeline': ([id], _, query) => {
            const at = Number(query.get('cursor') ?? 0);
            const all = fleet.timelines[id] ?? [];
            return { timeline: all.slice(at, at + 5), next: all.length > at + 5 ? String(at + 5) : null };
        },
        'GET /v1/sessions/:id/routes': ([id]) => ({
            routes: fleet.routes.filter((route) => route.session_id === id),
            next: null,
        }),
        'GET /v1/sessions/:id/config': ([id], _, query) => `# ${query.get('for')} of ${find(fleet.sessions, id).id}\n`,
        'GET /v1/devices/:id': ([id]) => {
            const { hostname, project_id, ip_addresses } = find(fleet.servers, id);
            const of = (family) => ofServer(id).find((session) => session.address_family === family) ?? null;
            const addresses = ip_addresses.map(({ address }) => address);
            return {
                id,
                hostname,
                project_id,
                metro: 'am',
                addresses,
                sessions: { ipv4: of('ipv4'), ipv6: of('ipv6') },
            };
        },
        'POST /metal/v1/devices/:id/bgp/sessions': ([id], body) =>
            fake.enable(find(fleet.servers, id), body.address_family),
        'DELETE /metal/v1/bgp/sessions/:id': ([id]) => {
            fleet.sessions.splice(fleet.sessions.indexOf(find(fleet.sessions, id)), 1);
            fake.tell({ type: 'bgp_session.deleted', session_id: id });
        },
        'PUT /metal/v1/bgp/sessions/:id': ([id], body) => {
            find(fleet.sessions, id).default_route = body.default_route;
            fake.tell({ type: 'bgp_session.default_route', session_id: id });
            return {};
        },
        ...accountRoutes(fake, find),
        'GET /v1/routers': () => ({ routers: fleet.routers }),
        'GET /v1/routers/:id': ([id]) => find(fleet.routers, id),
        'GET /v1/routes': (_, __, query) => {
            const routes = fleet.routes.filter((route) => route.prefix.startsWith(query.get('prefix').split('/')[0]));
            return { match: routes[0]?.prefix ?? null, routes };
        },
    };
}

/* A page in Metal's shape. */
function pageOf(key, all, query) {
    const [size, number] = [Number(query.get('per_page')), Number(query.get('page'))];
    const last_page = Math.max(1, Math.ceil(all.length / size));
    return { [key]: all.slice((number - 1) * size, number * size), meta: { last_page } };
}

/* Tokens, webhooks, users, and what happened. */
function accountRoutes(fake, find) {
    const { fleet } = fake;
    const drop = (list, id) => void list.splice(list.indexOf(find(list, id)), 1);
    const add = (list, thing) => list.push({ id: randomUUID(), created_at: new Date().toISOString(), ...thing });
    return {
        'GET /v1/tokens': () => ({ tokens: fleet.tokens }),
        'POST /v1/tokens': (_, body) => {
            add(fleet.tokens, { last_used_at: null, user_id: null, project_id: null, ...body });
            return { ...fleet.tokens.at(-1), token: 'gwt_shown-once' };
        },
        'DELETE /v1/tokens/:id': ([id]) => drop(fleet.tokens, id),
        'GET /v1/webhooks': () => ({ webhooks: fleet.webhooks }),
        'POST /v1/webhooks': (_, body) => {
            if (new URL(body.url).hostname === 'localhost') {
                throw new Refused(`url: ${body.url} leads to a private address`);
            }
            add(fleet.webhooks, { last_status: null, failures: 0, ...body });
            return { ...fleet.webhooks.at(-1), secret: 'gws_shown-once' };
        },
        'DELETE /v1/webhooks/:id': ([id]) => drop(fleet.webhooks, id),
        'GET /v1/audit': (_, __, query) => {
            const wanted = query.get('project');
            return { audit: fleet.audit.filter((entry) => !wanted || entry.project_id === wanted), next: null };
        },
        'GET /v1/users': () => ({ users: fleet.users }),
        'POST /v1/users': (_, body) => add(fleet.users, body),
        'GET /metal/v1/organizations': () => ({ organizations: fleet.organizations, meta: { last_page: 1 } }),
        'POST /metal/v1/projects': (_, { name }) => {
            add(fleet.projects, { name, bgp: null, prefixes: [], devices: 0 });
            return fleet.projects.at(-1);
        },
        'PATCH /v1/projects/:id/bgp-config': ([id], body) => Object.assign(find(fleet.projects, id).bgp, body),
        'PUT /v1/projects/:id/prefixes': ([id], { prefixes }) => {
            find(fleet.projects, id).prefixes = prefixes;
            return { prefixes };
        },
        'GET /metal/v1/events': (_, __, query) => pageOf('events', fleet.past, query),
        'GET /metal/v1/projects/:id/events': ([id], _, query) =>
            pageOf(
                'events',
                fleet.past.filter(({ relationships }) => relationships.some(({ href }) => href.endsWith(id))),
                query,
            ),
    };
}

function compile(routes) {
    return Object.entries(routes).map(([pattern, answer]) => {
        const [method, path] = pattern.split(' ');
        return { method, path: new RegExp(`^${path.replace(/:\w+/g, '([^/]+)')}$`), answer };
    });
}

export class FakeFleet {
    kind = 'provider';
    scope = 'write';
    token = token;
    fleet = makeFleet();
    streams = new Set();
    streamsOpened = []; // the Last-Event-ID of each
    events = [];
    refuseStreams = false;

    constructor(folder) {
        this.folder = folder;
        this.routes = compile(routesOf(this));
        this.server = createServer((request, response) => void this.answer(request, response));
    }

    async start(port = 0) {
        await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    stop() {
        this.server.closeAllConnections();
        return new Promise((resolve) => this.server.close(resolve));
    }

    /* Something happened: kept, and told to every stream. */
    tell(event) {
        const full = { id: this.events.length + 1, at: new Date().toISOString(), body: '', ...event };
        this.events.push(full);
        this.fleet.past.unshift(pastEvent(full));
        for (const stream of this.streams) {
            stream.write(eventText(full));
        }
    }

    endStreams() {
        for (const stream of this.streams) {
            stream.destroy();
        }
    }

    setState(session, state, reason = null) {
        Object.assign(session, {
            state,
            reason,
            since: new Date().toISOString(),
            updated_at: new Date().toISOString(),
        });
        this.tell({
            type: `bgp_session.${state}`,
            session_id: session.id,
            project_id: session.project_id,
            state,
            reason,
        });
    }

    /* Adds servers to the first project, each with two sessions that are up. */
    grow(servers) {
        const { fleet } = this;
        for (let i = 0; i < servers; i++) {
            const server = fleet.makeServer(`edge-${i}`, i);
            fleet.servers.push(server);
            fleet.sessions.push(fleet.makeSession(server, 'ipv4', 'up'), fleet.makeSession(server, 'ipv6', 'up'));
        }
    }

    enable(server, family) {
        const session = this.fleet.makeSession(server, family, 'unknown');
        session.reason = 'no router has answered yet';
        session.learned_routes = [];
        this.fleet.sessions.push(session);
        this.tell({ type: 'bgp_session.created', session_id: session.id });
        return session;
    }

    discover() {
        const now = new Date().toISOString();
        for (const session of this.fleet.sessions) {
            session.updated_at = now;
        }
        return { updated_at: now };
    }

    async answer(request, response) {
        const url = new URL(request.url, this.url);
        if (url.pathname.startsWith('/console/')) {
            this.sendFile(url.pathname.slice('/console/'.length), response);
            return;
        }
        if (request.headers['x-auth-token'] !== this.token) {
            send(response, 401, { error: 'Invalid authentication token' });
            return;
        }
        if (url.pathname === '/v1/events') {
            this.openStream(request, response);
            return;
        }
        let body = '';
        for await (const piece of request) {
            body += piece;
        }
        for (const { method, path, answer } of this.routes) {
            const found = method === request.method && path.exec(url.pathname);
            if (found) {
                try {
                    send(response, 200, answer(found.slice(1), body && JSON.parse(body), url.searchParams));
                } catch (error) {
                    const status = error instanceof NotFound ? 404 : error instanceof Refused ? 422 : 500;
                    send(response, status, { errors: [error.message || 'Not found'] });
                }
                return;
            }
        }
        send(response, 404, { errors: ['Not found'] });
    }

    openStream(request, response) {
        if (this.refuseStreams) {
            send(response, 503, { errors: ['not now'] });
            return;
        }
        const last = request.headers['last-event-id'];
        this.streamsOpened.push(last);
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        response.write(':\n\n');
        for (const event of last === undefined ? [] : this.events.filter(({ id }) => id > Number(last))) {
            response.write(eventText(event));
        }
        this.streams.add(response);
        response.on('close', () => this.streams.delete(response));
    }

    sendFile(path, response) {
        const name = join(this.folder, normalize(`/${path || 'index.html'}`));
        if (!existsSync(name)) {
            send(response, 404, { errors: ['no such file'] });
            return;
        }
        response.writeHead(200, {
            'Content-Type': types[extname(name)] ?? 'application/octet-stream',
            'Content-Security-Policy': securityPolicy,
        });
        response.end(readFileSync(name));
    }
}

const eventText = (event) => `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

function send(response, status, answer) {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    response.writeHead(text === undefined ? 204 : status, {
        'Content-Type': typeof answer === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    });
    response.end(text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const folder = process.argv[2] ?? fileURLToPath(new URL('../../build/console', import.meta.url));
    const fake = await new FakeFleet(folder).start(Number(process.argv[3] ?? 8080));
    console.log(`${fake.url}/console/ with the token ${token}`);
}
