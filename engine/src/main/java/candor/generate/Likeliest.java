package candor.generate;

/** The largest few of many logits. */
final class Likeliest {
    private Likeliest() {}

    /**
     * The indices, less {@code at}, of the {@code count} largest of {@code n} numbers: by falling value, then rising index. As
     * many as there are, where there are fewer.
     */
    static int[] of(float[] logits, int at, int n, int count) {
        int[] best = new int[Math.min(count, n)];
        int found = 0;
        for (int i = 0; i < n && best.length > 0; i++) {
            float value = logits[at + i];
            if (found == best.length && !(value > logits[at + best[found - 1]])) {
                continue;
            }
            int place = found < best.length ? found++ : found - 1;
            while (place > 0 && value > logits[at + best[place - 1]]) {
                best[place] = best[--place];
            }
            best[place] = i;
        }
        return best;
    }
}
