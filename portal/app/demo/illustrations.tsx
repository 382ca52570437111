/** The shop's drawings. Colours are gradients that <Paints> defines once for the whole page. */

type Paint = "slate" | "pine" | "rowan" | "snow" | "steel" | "lid";

const PAINTS: Record<Paint, [dark: string, base: string, light: string]> = {
  slate: ["#343c43", "#4a545c", "#66717a"],
  pine: ["#173d32", "#24594a", "#3d7a68"],
  rowan: ["#93361f", "#c8553a", "#e07d63"],
  snow: ["#d9cfbb", "#f7efdf", "#fffaf0"],
  steel: ["#8d9396", "#c4c9ca", "#f1f3f3"],
  lid: ["#15211d", "#22302b", "#3c4c46"],
};

const fill = (paint: Paint) => `url(#paint-${paint})`;

export function Paints() {
  return (
    <svg width="0" height="0" className="paints" aria-hidden="true">
      <defs>
        {Object.entries(PAINTS).map(([name, [dark, base, light]]) => (
          <linearGradient key={name} id={`paint-${name}`}>
            <stop offset="0" stopColor={dark} />
            <stop offset=".16" stopColor={base} />
            <stop offset=".3" stopColor={light} />
            <stop offset=".46" stopColor={base} />
            <stop offset=".82" stopColor={base} />
            <stop offset="1" stopColor={dark} />
          </linearGradient>
        ))}
      </defs>
    </svg>
  );
}

/** The maker's mark: a peak over water. */
function Mark({ x, y, size, color = "#fffaf0" }: { x: number; y: number; size: number; color?: string }) {
  return (
    <g
      transform={`translate(${x - size / 2} ${y - size / 2}) scale(${size / 24})`}
      fill="none"
      stroke={color}
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      opacity=".85"
    >
      <path d="M3 15 9.500 6l4 5.500 2-2.500L21 15" />
      <path d="M5 18.500h9M10 21.500h8" />
    </g>
  );
}

type Standing = { x: number; base: number; w: number; h: number; paint: Paint };

/** A One bottle: straight body, round shoulders, screw lid with a loop. */
function One({ x, base, w, h, paint }: Standing) {
  const lid = w * 0.36;
  const top = base - h;
  const body = top + lid + w * 0.1;
  const half = w / 2;
  const neck = w * 0.29;
  return (
    <g>
      <path
        d={`M${x - neck * 0.55} ${top + 2} c0 ${-w * 0.3} ${neck * 1.1} ${-w * 0.3} ${neck * 1.1} 0`}
        fill="none"
        stroke="#22302b"
        strokeWidth={w * 0.075}
      />
      <rect x={x - neck * 1.08} y={top} width={neck * 2.16} height={lid} rx={w * 0.07} fill={fill("lid")} />
      <rect x={x - neck} y={top + lid} width={neck * 2} height={w * 0.12} fill={fill("steel")} />
      <path
        d={`M${x - neck} ${body} C${x - neck} ${body + w * 0.14} ${x - half} ${body + w * 0.16} ${x - half} ${body + w * 0.5} V${base - w * 0.12} q0 ${w * 0.12} ${w * 0.12} ${w * 0.12} H${x + half - w * 0.12} q${w * 0.12} 0 ${w * 0.12} ${-w * 0.12} V${body + w * 0.5} C${x + half} ${body + w * 0.16} ${x + neck} ${body + w * 0.14} ${x + neck} ${body} z`}
        fill={fill(paint)}
      />
      <Mark x={x + w * 0.04} y={base - h * 0.36} size={w * 0.42} color={paint === "snow" ? "#24594a" : undefined} />
    </g>
  );
}

/** A Basecamp flask: wide, with a steel ring and a mug for a lid. */
function Flask({ x, base, w, h, paint }: Standing) {
  const top = base - h;
  const half = w / 2;
  const mug = w * 0.62;
  return (
    <g>
      <path
        d={`M${x - half * 0.8} ${top + w * 0.1} q0 ${-w * 0.1} ${w * 0.1} ${-w * 0.1} h${w * 0.6} q${w * 0.1} 0 ${w * 0.1} ${w * 0.1} V${top + mug} H${x - half * 0.8} z`}
        fill={fill("steel")}
      />
      <rect x={x - half * 0.86} y={top + mug} width={half * 1.72} height={w * 0.1} fill={fill("lid")} />
      <path
        d={`M${x - half * 0.86} ${top + mug + w * 0.1} C${x - half} ${top + mug + w * 0.16} ${x - half} ${top + mug + w * 0.24} ${x - half} ${top + mug + w * 0.4} V${base - w * 0.1} q0 ${w * 0.1} ${w * 0.1} ${w * 0.1} H${x + half - w * 0.1} q${w * 0.1} 0 ${w * 0.1} ${-w * 0.1} V${top + mug + w * 0.4} C${x + half} ${top + mug + w * 0.24} ${x + half} ${top + mug + w * 0.16} ${x + half * 0.86} ${top + mug + w * 0.1} z`}
        fill={fill(paint)}
      />
      <rect x={x - half} y={base - w * 0.34} width={w} height={w * 0.06} fill={fill("steel")} />
      <Mark x={x + w * 0.03} y={base - h * 0.38} size={w * 0.42} />
    </g>
  );
}

/** A Cup: a cone with a flat press lid. */
function Cup({ x, base, w, h, paint }: Standing) {
  const top = base - h;
  return (
    <g>
      <rect x={x - w * 0.53} y={top} width={w * 1.06} height={h * 0.14} rx={w * 0.08} fill={fill("lid")} />
      <path
        d={`M${x - w / 2} ${top + h * 0.14} H${x + w / 2} L${x + w * 0.37} ${base - w * 0.1} q-${w * 0.02} ${w * 0.1} -${w * 0.11} ${w * 0.1} H${x - w * 0.26} q-${w * 0.09} 0 -${w * 0.11} -${w * 0.1} z`}
        fill={fill(paint)}
      />
      <path
        d={`M${x - w * 0.467} ${top + h * 0.36} h${w * 0.934} L${x + w * 0.43} ${top + h * 0.6} h${w * -0.86} z`}
        fill="#15211d"
        opacity=".18"
      />
      <Mark x={x + w * 0.02} y={top + h * 0.48} size={w * 0.24} color={paint === "snow" ? "#24594a" : undefined} />
    </g>
  );
}

/** A Kid bottle: short and round, with a straw. */
function Kid({ x, base, w, h, paint }: Standing) {
  const top = base - h;
  const lid = h * 0.2;
  return (
    <g>
      <path
        d={`M${x + w * 0.02} ${top + lid * 0.4} V${top - h * 0.06} q0 ${-h * 0.06} ${w * 0.12} ${-h * 0.07} l${w * 0.2} ${-h * 0.015}`}
        fill="none"
        stroke="#8fb7ae"
        strokeWidth={w * 0.11}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <rect x={x - w * 0.36} y={top} width={w * 0.72} height={lid} rx={w * 0.1} fill={fill("snow")} />
      <rect x={x - w / 2} y={top + lid} width={w} height={h - lid} rx={w * 0.2} fill={fill(paint)} />
      <g fill="#fffaf0" opacity=".9">
        <circle cx={x - w * 0.12} cy={base - h * 0.42} r={w * 0.045} />
        <circle cx={x + w * 0.16} cy={base - h * 0.42} r={w * 0.045} />
        <path
          d={`M${x - w * 0.1} ${base - h * 0.3} q${w * 0.12} ${h * 0.08} ${w * 0.24} 0`}
          fill="none"
          stroke="#fffaf0"
          strokeWidth={w * 0.045}
          strokeLinecap="round"
        />
      </g>
    </g>
  );
}

const Shadow = ({ x, base, w }: { x: number; base: number; w: number }) => (
  <ellipse cx={x} cy={base} rx={w * 0.62} ry={w * 0.09} fill="#15211d" opacity=".2" />
);

export function OneFamily() {
  const family: Standing[] = [
    { x: 92, base: 292, w: 72, h: 170, paint: "snow" },
    { x: 198, base: 292, w: 80, h: 216, paint: "rowan" },
    { x: 312, base: 292, w: 88, h: 262, paint: "slate" },
  ];
  return (
    <svg viewBox="0 0 400 310" className="drawing" aria-hidden="true">
      {family.map((bottle) => (
        <g key={bottle.x}>
          <Shadow {...bottle} />
          <One {...bottle} />
        </g>
      ))}
    </svg>
  );
}

export function BasecampPicture() {
  const flask: Standing = { x: 150, base: 292, w: 108, h: 272, paint: "pine" };
  return (
    <svg viewBox="0 0 300 310" className="drawing" aria-hidden="true">
      <Shadow {...flask} />
      <Flask {...flask} />
    </svg>
  );
}

export function CupPicture() {
  const cup: Standing = { x: 130, base: 202, w: 116, h: 172, paint: "slate" };
  return (
    <svg viewBox="0 0 260 220" className="drawing" aria-hidden="true">
      <Shadow {...cup} w={90} />
      <Cup {...cup} />
    </svg>
  );
}

export function KidPicture() {
  const kid: Standing = { x: 130, base: 202, w: 92, h: 148, paint: "rowan" };
  return (
    <svg viewBox="0 0 260 220" className="drawing" aria-hidden="true">
      <Shadow {...kid} />
      <Kid {...kid} />
    </svg>
  );
}

/** Sunrise over a mountain lake, with the range standing on a rock. */
export function HeroScene({ label }: { label: string }) {
  return (
    <svg viewBox="0 0 1200 600" preserveAspectRatio="xMaxYMax slice" className="scene" role="img" aria-label={label}>
      <defs>
        <linearGradient id="sky" x2="0" y2="1">
          <stop offset="0" stopColor="#f4e6cf" />
          <stop offset=".55" stopColor="#f6d9b8" />
          <stop offset="1" stopColor="#eebf9b" />
        </linearGradient>
        <linearGradient id="lake" x2="0" y2="1">
          <stop offset="0" stopColor="#a9c9bf" />
          <stop offset="1" stopColor="#5c9488" />
        </linearGradient>
      </defs>
      <path fill="url(#sky)" d="M0 0h1200v600H0z" />
      <circle cx="770" cy="190" r="64" fill="#d9694b" />
      <circle cx="770" cy="190" r="104" fill="#d9694b" opacity=".13" />
      <path fill="#c9b9a2" opacity=".75" d="M380 420 520 318l60 40 110-96 84 72 72-50 130 118 90-60 154 78v60H380z" />
      <path fill="#7fa198" d="M-20 440 90 412l90 16 150-34 100 26 130-72 92 56 68-40 130 94 150-104 120 84 130-72v172H-20z" />
      <path fill="#3f7566" d="M560 440 720 300l46 34 130-154 116 132 44-30 180 160v30H560z" />
      <path fill="#fff6e6" d="m896 180 62 70-30-8-22 26-26-20-34 30-14-22z" />
      <path fill="#2f6354" d="M896 180 1012 312l44-30 180 160H940l-60-70 40-62-44-44z" opacity=".35" />
      <path fill="url(#lake)" d="M0 432h1200v168H0z" />
      <path fill="#3f7566" opacity=".4" d="M560 432h640v20c-90 26-160 22-230 50-70-16-150-10-210-34-60-8-130-14-200-36z" />
      <path fill="#d9694b" opacity=".55" d="M716 446h108v6H716zM736 464h84v5h-84zM726 482h60v5h-60z" />
      <g stroke="#f6efe2" strokeWidth="3" strokeLinecap="round" opacity=".6">
        <path d="M70 470h120M240 494h70M120 526h90M420 466h84M520 516h120M330 548h60" />
      </g>
      <path fill="#1d3b32" d="M630 600c30-50 110-76 220-78 70-6 140-2 200 2 60-2 110 2 160 10v66z" />
      <path fill="#2b5145" d="M850 522c70-6 140-2 200 2 60-2 110 2 160 10v12c-90-14-170-16-250-12-60-8-120-8-170 2 20-8 40-12 60-14z" />
      <One x={862} base={532} w={78} h={222} paint="rowan" />
      <Flask x={976} base={534} w={102} h={264} paint="slate" />
      <g>
        <path d="M1062 478h62v44q0 14-14 14h-34q-14 0-14-14z" fill="url(#paint-steel)" />
        <path d="M1124 486q26 0 24 18t-26 18" fill="none" stroke="#a9b0b2" strokeWidth="8" />
        <ellipse cx="1093" cy="478" rx="31" ry="6" fill="#6b3f22" />
        <g fill="none" stroke="#fffaf0" strokeWidth="5" strokeLinecap="round" opacity=".75">
          <path d="M1080 458c-12-14 10-22 0-38" />
          <path d="M1102 452c-12-16 12-26 0-46" />
        </g>
      </g>
    </svg>
  );
}

/** The shop on Jezerska street. */
export function ShopFront({ label }: { label: string }) {
  return (
    <svg viewBox="0 0 520 380" className="drawing" role="img" aria-label={label}>
      <path fill="#efe2c8" d="M0 0h520v380H0z" />
      <path fill="#d8c6a3" d="M60 76h400v276H60z" />
      <g fill="#c9b48c" opacity=".7">
        <path d="M78 100h52v20H78zM144 132h40v18h-40zM84 210h44v18H84zM392 96h48v20h-48zM404 200h40v18h-40zM90 300h46v18H90zM380 310h54v18h-54zM236 92h60v16h-60z" />
      </g>
      <path fill="#a3452c" d="M36 84 84 24h352l48 60z" />
      <path fill="#8c3a24" d="M36 84h448v10H36z" />
      <path fill="#24594a" d="M96 152h150v130H96z" />
      <path fill="#bfd8d0" d="M106 162h62v110h-62zM174 162h62v110h-62z" />
      <path fill="#8fb7ae" d="M106 232h130v40H106z" opacity=".7" />
      <One x={132} base={270} w={24} h={66} paint="slate" />
      <Flask x={162} base={270} w={30} h={80} paint="pine" />
      <One x={200} base={270} w={22} h={58} paint="rowan" />
      <path fill="#2b2118" d="M292 146h112v206H292z" />
      <path fill="#e8b22f" d="M300 154h96v198h-96z" />
      <path fill="#d49c1c" d="M312 168h32v70h-32zM352 168h32v70h-32zM312 252h72v80h-72z" />
      <circle cx="384" cy="258" r="5" fill="#2b2118" />
      <path d="M420 150h34" stroke="#2b2118" strokeWidth="5" />
      <circle cx="462" cy="176" r="30" fill="#fffaf0" stroke="#24594a" strokeWidth="4" />
      <One x={462} base={196} w={15} h={40} paint="rowan" />
      <path fill="#b7a27a" d="M0 352h520v28H0z" />
      <path fill="#9c8860" d="M276 352h144v10H276z" />
      <g fill="#3f7566">
        <path d="M30 352c-22-30-8-60 8-74 14 16 26 48 6 74z" />
        <path d="M54 352c-12-18-2-40 8-48 10 12 16 32 4 48z" />
      </g>
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 40 28" className="logo-mark" aria-hidden="true">
      <circle cx="29" cy="7" r="4" fill="#c8553a" />
      <path d="M1 19 13 3l8 10 3-3.500L38 19z" fill="currentColor" />
      <path d="M6 23h18M16 27h16" stroke="#5c9488" strokeWidth="2.200" strokeLinecap="round" />
    </svg>
  );
}
