export function SuppressionList() { return null; }
