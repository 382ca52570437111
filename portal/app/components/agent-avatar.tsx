import { classNames } from "./class-names";

/** An agent's picture, or the first letter of its name on its colour. */
export function AgentAvatar({
  name,
  avatar,
  color,
  className = "size-10",
}: {
  name: string;
  avatar: string | null;
  color: string;
  className?: string;
}) {
  if (avatar) return <img src={avatar} alt="" className={classNames("shrink-0 rounded-full object-cover", className)} />;
  return (
    <span
      aria-hidden
      className={classNames("grid shrink-0 place-items-center rounded-full font-semibold", className)}
      style={{ backgroundColor: color, color: readableOn(color) }}
    >
      {[...name.trim()][0]?.toUpperCase()}
    </span>
  );
}

/** Black or white, whichever is easier to read on a colour given as #rrggbb (WCAG relative luminance). */
export function readableOn(color: string): "#000000" | "#ffffff" {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}
