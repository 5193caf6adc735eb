/** The letter box of the page's head. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="var(--accent)"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M3 20h18v-6a4 4 0 0 0-4-4H7a4 4 0 0 0-4 4z" />
      <path d="M11 20v-6a4 4 0 0 0-4-4" />
      <path d="M6 15h2" />
      <path d="M15 10V3h4v3h-4" />
    </svg>
  );
}
