package candor.ops;

import java.util.Arrays;

/**
 * What the adapters on one linear layer do not see of its input while they are trained: by slot, the share of elements that
 * is dropped (Srivastava et al. 2014; on an adapter's input, Hu et al. 2021). The rest is scaled by 1/(1 − share), so that the
 * expectation stays.
 *
 * <p>Whether an element is kept is a function of the key of its sequence ({@link Batch#dropoutKey}), the layer, its token's
 * position and its column alone, through {@link Philox}: what else is in a batch, how it is cut, and who computes it leaves no
 * trace, and a backward pass asks again instead of remembering.
 */
public final class DropoutRates {
    /** Elements that one call of {@link #words} decides: as many neighbouring columns. */
    public static final int GROUP = 4;

    private final double[] rates;
    private final int module;

    /**
     * @param module a number of the linear layer's own, so that no two of a model drop alike
     * @param rates  of each slot, from 0 to below 1
     */
    public DropoutRates(int module, double... rates) {
        for (double rate : rates) {
            if (!(rate >= 0 && rate < 1)) {
                throw new IllegalArgumentException("a dropout of " + rate);
            }
        }
        this.rates = rates.clone();
        this.module = module;
    }

    /** Whether anything of a slot's rows is dropped. */
    public boolean drops(int slot) {
        return slot >= 0 && slot < rates.length && rates[slot] > 0;
    }

    /** The share of elements that is dropped of a slot. */
    public double rate(int slot) {
        return rates[slot];
    }

    public int module() {
        return module;
    }

    /** An element is kept whose word is not below this, both read without a sign; of a slot that {@link #drops}. */
    public int threshold(int slot) {
        return (int) Math.min(0xFFFFFFFFL, Math.max(1, Math.round(rates[slot] * 0x1p32)));
    }

    /** What is kept is multiplied by this: 1/(1 − rate). */
    public float scale(int slot) {
        return (float) (1 / (1 - rates[slot]));
    }

    /**
     * The words of {@link #GROUP} neighbouring elements.
     *
     * @param out   =, one for each
     * @param key   of the sequence
     * @param group the first of their columns, divided by {@link #GROUP}
     */
    public void words(int[] out, long key, int position, int group) {
        Philox.words(out, key, group, module, position, 0);
    }

    /** Whether a word keeps its element. */
    public static boolean keeps(int word, int threshold) {
        return Integer.compareUnsigned(word, threshold) >= 0;
    }

    @Override
    public String toString() {
        return "DropoutRates" + Arrays.toString(rates) + " of layer " + module;
    }
}
