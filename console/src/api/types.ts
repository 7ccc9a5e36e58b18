/* The shapes of api/fleet.openapi.yaml, as far as the console reads them. */

export type Family = 'ipv4' | 'ipv6';
export type LegState = 'up' | 'down' | 'unknown';
export type SessionState = 'up' | 'partial' | 'down' | 'unknown' | 'disabled';

export interface Named {
    id: string;
    name: string;
}

export interface Server {
    id: string;
    hostname: string;
}

export interface Leg {
    id: string;
    router: Named;
    peer_ip: string;
    state: LegState;
    fsm: string;
    since: string;
    reason: string | null;
    received: number;
    accepted: number;
    rejected: number;
    limit_hit: boolean; // the prefix limit took it down
    updated_at: string;
}

export interface Session {
    id: string;
    project_id: string;
    device: Server;
    address_family: Family;
    state: SessionState;
    since: string;
    reason: string | null;
    default_route: boolean;
    customer_ip: string;
    customer_as: number;
    peer_as: number;
    flaps: { hour: number; day: number; week: number };
    prefixes: { received: number; accepted: number; rejected: number; limit: number };
    learned_routes: string[];
    created_at: string;
    updated_at: string;
    legs: Leg[];
}

export interface TimelineEntry {
    id: number;
    at: string;
    router: { id: string; name: string | null }; // null: the router was removed
    from: string;
    to: string;
    session_state: SessionState;
    reason: string | null;
}

export interface Route {
    prefix: string;
    session_id: string;
    project_id: string;
    device: Server;
    router: Named;
    accepted: boolean;
    reason: string | null;
    next_hop: string;
    as_path: string;
    origin: string;
    med: number | null;
    communities: string[];
    received_at: string;
}

export interface ServerView extends Server {
    project_id: string;
    metro: string;
    addresses: string[];
    sessions: Record<Family, Session | null>;
}

export type DeploymentType = 'local' | 'global';

/* `bgp` is null while nobody has asked for it. */
export interface ProjectView extends Named {
    bgp: {
        status: 'requested' | 'enabled' | 'disabled';
        deployment_type: DeploymentType;
        asn: number;
        max_prefix: number;
        has_md5: boolean;
    } | null;
    prefixes: string[];
    devices: number;
    sessions: Record<Exclude<SessionState, 'disabled'>, number>;
}

export interface Device {
    id: string;
    hostname: string;
    ip_addresses?: { address: string; address_family: number; public: boolean }[];
}

export interface Router extends Named {
    metro: { id: string; code: string };
    state: 'readable' | 'unreadable';
    reason: string | null;
    since: string;
    heard_at: string | null;
    asn: number;
    peer_ipv4: string | null;
    peer_ipv6: string | null;
    multihop: boolean;
    target?: string; // the provider's tokens only, like what follows
    policy?: string | null;
    sessions?: Record<LegState, number>;
}

export interface FleetEvent {
    id: number;
    at: string;
    type: string;
    body: string;
    project_id: string | null;
    device_id: string | null;
    session_id: string | null;
    router_id: string | null;
    state: string | null;
    reason: string | null;
}

export interface Whoami {
    kind: 'provider' | 'user' | 'project';
    scope: 'read' | 'write';
    token_id: string;
    name: string;
    user_id: string | null;
    project_id: string | null;
    version: string;
}

export type TokenKind = Whoami['kind'];
export type TokenScope = Whoami['scope'];

export interface Token {
    id: string;
    kind: TokenKind;
    scope: TokenScope;
    description: string | null;
    user_id: string | null;
    project_id: string | null;
    created_at: string;
    expires_at: string | null;
    last_used_at: string | null;
}

export interface TokenWish {
    kind: TokenKind;
    scope: TokenScope;
    description: string;
    user_id?: string;
    project_id?: string;
    expires_at: string | null;
}

export interface Webhook {
    id: string;
    project_id: string;
    url: string;
    hold_off_s: number;
    created_at: string;
    last_status: string | null; // null: nothing was delivered yet
    failures: number; // of the delivery under way
}

export interface AuditEntry {
    id: number;
    at: string;
    token_id: string | null;
    who: string | null;
    action: string;
    object: string | null;
    project_id: string | null;
    detail: string | null;
}

export interface User {
    id: string;
    full_name: string;
    email: string;
    created_at: string;
}

/* An event in Metal's shape: what it is about, as links. */
export interface PastEvent {
    id: string;
    type: string;
    body: string;
    created_at: string;
    relationships: { href: string }[];
}

/* A piece of a list that grows at its beginning; `next` leads to older ones. */
export interface Piece<T> {
    rows: T[];
    next: string | null;
}

export interface BgpRequest {
    deployment_type: DeploymentType;
    asn: number;
    md5: string | null;
}

export const families: readonly Family[] = ['ipv4', 'ipv6'];
export const daemons = ['bird', 'frr', 'gobgp', 'openbgpd', 'exabgp', 'godwitd'] as const;
export type Daemon = (typeof daemons)[number];
