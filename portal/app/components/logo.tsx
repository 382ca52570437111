/** The mark: a speech bubble that holds a quotation mark. */
export function Logo({ className = "size-7" }: { className?: string }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 28 28" className={className}>
      <path
        className="fill-accent"
        d="M8 2h12a6 6 0 0 1 6 6v8a6 6 0 0 1-6 6h-5.2l-5 4.2c-.7.6-1.8.1-1.8-.8V22a6 6 0 0 1-6-6V8a6 6 0 0 1 6-6z"
      />
      <path
        className="fill-on-accent"
        d="M8.2 13.6c0-3 1.5-5 4-5.9l.6 1.3c-1.4.6-2.1 1.4-2.2 2.5h2.1v4H8.2zm6.9 0c0-3 1.5-5 4-5.9l.6 1.3c-1.4.6-2.1 1.4-2.2 2.5h2.1v4h-4.5z"
      />
    </svg>
  );
}
