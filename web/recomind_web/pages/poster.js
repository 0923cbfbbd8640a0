// Posters: drawn from a video's id and tags, as the catalogue has no footage. Same tags, same colours.

function hash(text) {
  let value = 2166136261;
  for (const letter of text) value = Math.imul(value ^ letter.codePointAt(0), 16777619);
  return value >>> 0;
}

function drawer(seed) {
  let state = seed || 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507) + 0x9e3779b9;
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

const hue = tag => hash(tag) % 360;

function shapes(draw, tone) {
  const kind = Math.floor(draw() * 3), made = [];
  for (let number = 0; number < 7; number++) {
    const x = draw() * 90, y = draw() * 160, size = 12 + draw() * 46, fill = `hsl(${tone(number)} 85% ${58 + draw() * 18}% / .34)`;
    if (kind === 0) made.push(`<circle cx="${x}" cy="${y}" r="${size}" fill="${fill}"/>`);
    if (kind === 1) made.push(`<rect x="${x - size}" y="${y - size / 2}" width="${size * 2}" height="${size * .7}" rx="${size / 3}" transform="rotate(${draw() * 70 - 35} ${x} ${y})" fill="${fill}"/>`);
    if (kind === 2) made.push(`<path d="M-10 ${y} q 28 ${-size} 55 0 t 55 0 V 170 H -10 z" fill="${fill}" opacity=".6"/>`);
  }
  return made.join("");
}

/** The poster of a video as SVG text; every part of it follows from numbers, so it is safe to insert. */
export function poster(video) {
  const draw = drawer(hash(video.video_id)), first = hue(video.tags[0] || video.video_id), second = hue(video.tags[1] || `${video.tags[0]}${video.video_id}`);
  const id = `p${hash(video.video_id).toString(36)}`, tone = number => (number % 2 ? second : first);
  return `<svg viewBox="0 0 90 160" preserveAspectRatio="xMidYMid slice" xmlns="http://www.w3.org/2000/svg">
    <defs><linearGradient id="${id}" gradientTransform="rotate(${20 + draw() * 50})"><stop stop-color="hsl(${first} 62% 42%)"/><stop offset="1" stop-color="hsl(${second} 58% 24%)"/></linearGradient></defs>
    <rect width="90" height="160" fill="url(#${id})"/>${shapes(draw, tone)}</svg>`;
}
