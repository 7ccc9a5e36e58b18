import type { Family } from '../api/types';

export const familyName: Record<Family, string> = { ipv4: 'IPv4', ipv6: 'IPv6' };
export const defaultRouteOf: Record<Family, string> = { ipv4: '0.0.0.0/0', ipv6: '::/0' };
export const familyOfAddress = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4');
