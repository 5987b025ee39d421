// Similarities of vectors, and groups of similar sentences.

/** The cosines of all pairs of unit vectors, row by row. */
export function similarities(vectors) {
  const n = vectors.length;
  const result = Array.from({ length: n }, () => new Float32Array(n));
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let c = 0; c < vectors[i].length; c++) sum += vectors[i][c] * vectors[j][c];
      result[i][j] = result[j][i] = sum;
    }
  }
  return result;
}

/**
 * Average-linkage clustering: the two most similar groups are merged while their mean similarity is
 * at least `threshold`.
 *
 * Members keep their input order; larger and then more similar groups come first.
 */
export function groups(similarity, threshold) {
  const found = similarity.map((_, i) => [i]);
  const sums = similarity.map((row) => Float64Array.from(row));
  const alive = found.map((_, i) => i);
  for (;;) {
    let best = threshold;
    let pair = null;
    for (let a = 0; a < alive.length; a++) {
      for (let b = a + 1; b < alive.length; b++) {
        const [i, j] = [alive[a], alive[b]];
        const mean = sums[i][j] / (found[i].length * found[j].length);
        if (mean >= best) [best, pair] = [mean, [i, j, b]];
      }
    }
    if (!pair) break;
    const [i, j, place] = pair;
    found[i].push(...found[j]);
    alive.splice(place, 1);
    for (const k of alive) sums[i][k] = sums[k][i] = sums[i][k] + sums[j][k];
  }
  return alive
    .map((i) => found[i].sort((x, y) => x - y))
    .map((members) => ({ members, score: meanOf(similarity, members) }))
    .sort((x, y) => y.members.length - x.members.length || y.score - x.score);
}

/** Mean similarity of a sentence with the others of its group. */
export function meanSimilarity(similarity, members, one) {
  const others = members.filter((member) => member !== one);
  return others.reduce((sum, other) => sum + similarity[one][other], 0) / others.length;
}

/** The most similar other sentence; -1 if there is none. */
export function nearest(similarity, one) {
  let best = -1;
  similarity[one].forEach((score, other) => {
    if (other !== one && (best < 0 || score > similarity[one][best])) best = other;
  });
  return best;
}

function meanOf(similarity, members) {
  if (members.length < 2) return 0;
  const sum = members.reduce((total, one) => total + meanSimilarity(similarity, members, one), 0);
  return sum / members.length;
}
