package candor.export.gguf;

/** Scales in half precision. */
final class Halves {
    private Halves() {}

    /** The least half that is no less than a number of at least 0, so that nothing that is divided by it grows. */
    static short up(float value) {
        short half = Float.floatToFloat16(value);
        return Float.float16ToFloat(half) < value ? (short) (half + 1) : half;
    }
}
