// Posters: drawn from a video's id and tags, for videos without a picture. Equal tags give equal colours.

function hash(text) {
  let value = 2166136261;
  for (const letter of text) value = Math.imul(value ^ letter.codePointAt(0), 16777619);
  return value >>> 0;
}

/** A random number generator: a function that returns numbers in [0, 1), the same for the same seed. */
function randomGenerator(seed) {
  let state = seed || 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507) + 0x9e3779b9;
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

const hue = tag => hash(tag) % 360;

function shapes(random, hueOf) {
  const kind = Math.floor(random() * 3), parts = [];
  for (let number = 0; number < 7; number++) {
    const x = random() * 90, y = random() * 160, size = 12 + random() * 46, fill = `hsl(${hueOf(number)} 85% ${58 + random() * 18}% / .34)`;
    parts.push(`<g class="drift" style="--turn:${(random() * 16 - 8).toFixed(1)}deg;--x:${(random() * 36 - 18).toFixed(1)}px;--y:${(random() * 44 - 22).toFixed(1)}px;--pace:${(6 + random() * 7).toFixed(1)}s">`);
    if (kind === 0) parts.push(`<circle cx="${x}" cy="${y}" r="${size}" fill="${fill}"/>`);
    if (kind === 1) parts.push(`<rect x="${x - size}" y="${y - size / 2}" width="${size * 2}" height="${size * .7}" rx="${size / 3}" transform="rotate(${random() * 70 - 35} ${x} ${y})" fill="${fill}"/>`);
    if (kind === 2) parts.push(`<path d="M-10 ${y} q 28 ${-size} 55 0 t 55 0 V 170 H -10 z" fill="${fill}" opacity=".6"/>`);
    parts.push("</g>");
  }
  return parts.join("");
}

/** The poster of a video as SVG text; `isMoving`: its shapes move. It is made of numbers only, so it is safe to insert as HTML. */
export function poster(video, isMoving = false) {
  const random = randomGenerator(hash(video.video_id)), first = hue(video.tags[0] || video.video_id), second = hue(video.tags[1] || `${video.tags[0]}${video.video_id}`);
  const id = `p${hash(video.video_id).toString(36)}`, hueOf = number => (number % 2 ? second : first);
  return `<svg class="${isMoving ? "moving" : "still"}" viewBox="0 0 90 160" preserveAspectRatio="xMidYMid slice" xmlns="http://www.w3.org/2000/svg">
    <defs><linearGradient id="${id}" gradientTransform="rotate(${20 + random() * 50})"><stop stop-color="hsl(${first} 62% 42%)"/><stop offset="1" stop-color="hsl(${second} 58% 24%)"/></linearGradient></defs>
    <rect width="90" height="160" fill="url(#${id})"/>${shapes(random, hueOf)}</svg>`;
}
