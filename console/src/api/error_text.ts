/* What an error answer says: {"errors": [...]} or {"error": "..."}. Pure. */
export function errorText(body: string): string {
    try {
        const { errors, error } = JSON.parse(body) as { errors?: unknown; error?: unknown };
        return Array.isArray(errors) ? errors.join('; ') : typeof error === 'string' ? error : '';
    } catch {
        return '';
    }
}
