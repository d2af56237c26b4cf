package candor.model;

import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * The table of rotations: for each position p and frequency ω_i, cos(p·ω_i) and sin(p·ω_i).
 *
 * <p>It is rounded where Hugging Face's transformers rounds: frequencies, their scaling and the angles in float32, with
 * only the powers, cosines and sines themselves computed in double. The attention factor of both kinds of {@link Rope}
 * is 1.
 */
public final class RopeTable {
    private RopeTable() {}

    /**
     * The rotations of positions 0 to {@code positions − 1}.
     *
     * @return (P, D) float32: cosines of the D/2 frequencies, then their sines
     */
    public static Tensor build(Arena arena, Rope rope, int width, int positions) {
        return build(arena, frequencies(rope, width), positions);
    }

    /** The rotations by these frequencies. */
    static Tensor build(Arena arena, float[] frequencies, int positions) {
        Tensor table = Tensor.allocate(arena, DType.F32, positions, 2 * frequencies.length);
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < frequencies.length; i++) {
                float angle = p * frequencies[i];
                table.set(p, i, Math.cos(angle));
                table.set(p, frequencies.length + i, Math.sin(angle));
            }
        }
        return table;
    }

    /** The D/2 frequencies ω_i, in radians per position. */
    public static float[] frequencies(Rope rope, int width) {
        float[] frequencies = new float[width / 2];
        float theta = (float) rope.theta();
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = 2 * i / (float) width;
            frequencies[i] = 1 / (float) Math.pow(theta, exponent);
        }
        return switch (rope) {
            case Rope.Default plain -> frequencies;
            case Rope.Llama3 scaling -> stretched(frequencies, scaling);
        };
    }

    private static float[] stretched(float[] frequencies, Rope.Llama3 scaling) {
        float factor = (float) scaling.factor();
        float low = (float) scaling.lowFreqFactor();
        float range = (float) (scaling.highFreqFactor() - scaling.lowFreqFactor());
        float longest = (float) (scaling.originalMaxPosition() / scaling.lowFreqFactor());
        float shortest = (float) (scaling.originalMaxPosition() / scaling.highFreqFactor());
        float[] stretched = new float[frequencies.length];
        for (int i = 0; i < frequencies.length; i++) {
            float frequency = frequencies[i];
            float wavelength = (1 / frequency) * (float) (2 * Math.PI);
            if (wavelength > longest) {
                stretched[i] = frequency / factor;
            } else if (wavelength < shortest) {
                stretched[i] = frequency;
            } else {
                float blend = ((1 / wavelength) * scaling.originalMaxPosition() - low) / range;
                stretched[i] = (1 - blend) * frequency / factor + blend * frequency;
            }
        }
        return stretched;
    }
}
