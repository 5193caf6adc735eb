export function Bounces() { return null; }
