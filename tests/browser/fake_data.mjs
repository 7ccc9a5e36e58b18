/* The fake's fleet: one project in each of the states that a page can be in. */
import { randomUUID } from 'node:crypto';

const hour = 3600 * 1000;
const ago = (ms) => new Date(Date.now() - ms).toISOString();

/* What peers and tenants may put into texts. It must be seen, not obeyed. */
export const markup = "<img src=x onerror=\"document.title='obeyed'\"><script>document.title='obeyed'</script>";

const reasons = {
    hold: 'am-tor-2: no message came for 90 s: the hold timer expired',
    shutdown: `am-tor-1: the server said Cease / Administrative Shutdown: "${markup}"; am-tor-2: the same`,
    limit: 'am-tor-1: 11 prefixes were announced and 10 are allowed; the session stays down until it is reset',
    unreadable: 'am-tor-1 cannot be read: connection refused; am-tor-2 cannot be read: connection refused',
};

export function makeFleet() {
    const routers = ['am-tor-1', 'am-tor-2'].map((name, i) => ({
        id: randomUUID(),
        name,
        metro: { id: randomUUID(), code: 'am' },
        state: i === 0 ? 'readable' : 'unreadable',
        reason: i === 0 ? null : 'connection refused',
        since: ago(5 * hour),
        heard_at: ago(i === 0 ? 2000 : 400_000),
        asn: 65530,
        peer_ipv4: `169.254.255.${i + 1}`,
        peer_ipv6: i === 0 ? 'fc00::e' : 'fc00::f',
        multihop: true,
        target: `198.51.100.${i + 1}:50051`,
        policy: null,
        sessions: { up: 7, down: 3, unknown: 1 },
    }));
    const projects = [
        {
            id: randomUUID(),
            name: 'Anycast resolvers',
            bgp: { status: 'enabled', deployment_type: 'local', asn: 65000, max_prefix: 10, has_md5: true },
            prefixes: ['203.0.113.0/24', '2001:db8:53::/48'],
            devices: 8,
        },
        { id: randomUUID(), name: `Quiet ${markup}`, bgp: null, prefixes: [], devices: 0 },
    ];
    const makeServer = (hostname, i) => ({
        id: randomUUID(),
        hostname,
        project_id: projects[0].id,
        ip_addresses: [
            { address: `10.99.${182 + (i >> 6)}.${129 + 2 * (i & 63)}`, address_family: 4, public: false },
            { address: `2604:1380:4641:${(i + 1).toString(16)}::3`, address_family: 6, public: true },
        ],
    });
    const names = ['dns-01', 'dns-02', 'dns-03', 'dns-04', 'dns-05', 'dns-06', 'dns-10', `dns-${markup}`];
    const servers = names.map(makeServer);

    function makeSession(server, family, state, reason = null) {
        const six = family === 'ipv6';
        const number = servers.indexOf(server) + 1;
        const up = { up: [true, true], partial: [true, false] }[state] ?? [false, false];
        const prefixes = six ? ['2001:db8:53::/48'] : ['203.0.113.53/32', `203.0.113.${number}/32`, '203.0.113.64/26'];
        const learned = up[0] ? prefixes : [];
        return {
            id: randomUUID(),
            project_id: server.project_id,
            device: { id: server.id, hostname: server.hostname },
            address_family: family,
            state,
            status: up.map((is) => (is ? 'up' : 'down')).join(','),
            since: ago(number * hour),
            reason,
            default_route: number % 3 === 0,
            customer_ip: server.ip_addresses[six ? 1 : 0].address,
            customer_as: 65000,
            peer_as: 65530,
            flaps: { hour: 0, day: number, week: number * 2 },
            prefixes: { received: learned.length + 1, accepted: learned.length, rejected: 1, limit: 10 },
            learned_routes: learned,
            created_at: ago(90 * 24 * hour),
            updated_at: ago(number * 1500),
            legs: routers.map((router, i) => ({
                id: randomUUID(),
                router: { id: router.id, name: router.name },
                peer_ip: six ? router.peer_ipv6 : router.peer_ipv4,
                state: state === 'unknown' ? 'unknown' : up[i] ? 'up' : 'down',
                fsm: state === 'unknown' ? '' : up[i] ? 'ESTABLISHED' : 'ACTIVE',
                since: ago(number * hour),
                reason: up[i] ? null : reason,
                received: up[i] ? learned.length + 1 : 0,
                accepted: up[i] ? learned.length : 0,
                rejected: up[i] ? 1 : 0,
                limit_hit: reason === reasons.limit,
                updated_at: ago(number * 1500),
            })),
        };
    }

    const sessions = [
        makeSession(servers[0], 'ipv4', 'up'),
        makeSession(servers[0], 'ipv6', 'up'),
        makeSession(servers[1], 'ipv4', 'partial', reasons.hold),
        makeSession(servers[1], 'ipv6', 'up'),
        makeSession(servers[2], 'ipv4', 'down', reasons.limit),
        makeSession(servers[3], 'ipv4', 'unknown', reasons.unreadable),
        makeSession(servers[4], 'ipv4', 'up'),
        makeSession(servers[4], 'ipv6', 'up'),
        makeSession(servers[7], 'ipv4', 'down', reasons.shutdown),
    ];
    sessions[4].prefixes = { received: 0, accepted: 0, rejected: 0, limit: 10 };

    const timelines = Object.fromEntries(sessions.map((session) => [session.id, timelineOf(session, routers)]));
    const routes = sessions.flatMap((session) => routesOf(session));
    const past = sessions.map((session, i) =>
        pastEvent({
            id: sessions.length - i,
            at: session.since,
            type: `bgp_session.${session.state}`,
            body: `The BGP session of ${session.device.hostname} is ${session.state}: ${session.reason ?? 'well'}.`,
            project_id: session.project_id,
            device_id: session.device.id,
            session_id: session.id,
        }),
    );
    return {
        ...makeAccount(projects),
        past,
        routers,
        projects,
        servers,
        sessions,
        timelines,
        routes,
        makeServer,
        makeSession,
        md5: { [projects[0].id]: 'Resolve53Anycast' },
    };
}

/* An event as the list in Metal's shape has it. */
export function pastEvent({ id, at, type, body, project_id, device_id, session_id }) {
    const about = { projects: project_id, devices: device_id, 'bgp/sessions': session_id };
    return {
        id: `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`,
        type,
        body: body || type,
        created_at: at,
        relationships: Object.entries(about)
            .filter(([, each]) => each)
            .map(([noun, each]) => ({ href: `/metal/v1/${noun}/${each}` })),
    };
}

function makeAccount(projects) {
    const [{ id: project_id }] = projects;
    const token = (part) => ({
        id: randomUUID(),
        kind: 'project',
        scope: 'write',
        user_id: null,
        project_id,
        created_at: ago(900 * hour),
        expires_at: null,
        last_used_at: ago(hour / 2),
        ...part,
    });
    const users = [
        [`Ada ${markup}`, 'ada@example.net'],
        ['Wei Zhang', 'wei@example.org'],
    ].map(([full_name, email]) => ({ id: randomUUID(), full_name, email, created_at: ago(900 * hour) }));
    return {
        users,
        organizations: [
            { id: randomUUID(), name: 'Provider and friends' },
            { id: randomUUID(), name: 'Example Networks' },
        ],
        tokens: [
            token({ kind: 'provider', project_id: null, description: 'first token' }),
            token({ description: `deploy ${markup}`, expires_at: ago(-50 * 24 * hour) }),
            token({ description: 'dashboards', scope: 'read', expires_at: ago(24 * hour), last_used_at: null }),
            token({ kind: 'user', user_id: users[0].id, project_id: null, description: 'laptop' }),
        ],
        webhooks: [
            { url: 'https://hooks.example.net/bgp', last_status: 'HTTP 204', failures: 0 },
            {
                url: 'https://[2001:db8:4641:1000:1234:5678:9abc:def0]:8443/a/very/long/path/that/goes/on?and=on&on=1',
                last_status: 'the connection was refused',
                failures: 3,
            },
            { url: 'https://new.example.net/', last_status: null, failures: 0 },
        ].map((hook) => ({ id: randomUUID(), project_id, hold_off_s: 5, created_at: ago(30 * hour), ...hook })),
        audit: [
            ['ada', 'bgp_session.delete', `dns-${markup} IPv4`],
            ['first token', 'project.prefixes', '2 prefixes'],
            ['', 'token.create', 'project'],
        ].map(([who, action, detail], i) => ({
            id: 3 - i,
            at: ago((i + 1) * hour),
            token_id: randomUUID(),
            who,
            action,
            object: randomUUID(),
            project_id,
            detail,
        })),
    };
}

function timelineOf(session, routers) {
    const steps = [
        ['up', 'down', session.state, session.reason],
        ['down', 'up', 'up', null],
        ['up', 'down', 'partial', 'no message came for 90 s: the hold timer expired'],
        ['down', 'up', 'up', null],
        ['up', 'unknown', 'unknown', 'the router cannot be read: connection refused'],
        ['unknown', 'up', 'up', null],
        ['unknown', 'down', 'down', 'the server has not connected yet'],
    ];
    return steps.map(([from, to, session_state, reason], i) => ({
        id: steps.length - i,
        at: new Date(Date.parse(session.since) - i * i * 20 * 60 * 1000).toISOString(),
        router: { id: routers[i % 2].id, name: routers[i % 2].name },
        from,
        to,
        session_state,
        reason,
    }));
}

function routesOf(session) {
    const common = {
        session_id: session.id,
        project_id: session.project_id,
        device: session.device,
        next_hop: session.customer_ip,
        as_path: String(session.customer_as),
        origin: 'igp',
        received_at: session.since,
    };
    return session.legs
        .filter((leg) => leg.state === 'up')
        .flatMap(({ router }) => [
            ...session.learned_routes.map((prefix, i) => ({
                ...common,
                prefix,
                router,
                accepted: true,
                reason: null,
                med: i === 0 ? 50 : null,
                communities: i === 0 ? ['65000:100', '65000:200'] : [],
            })),
            {
                ...common,
                prefix: '198.18.7.0/24',
                router,
                accepted: false,
                reason: "198.18.7.0/24 is in none of the project's prefixes",
                med: null,
                communities: [],
            },
        ]);
}
