export function Manual() { return null; }
