package candor.export.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A value of the metadata. */
public sealed interface GgufValue {
    /** The types of values, under the numbers of {@code gguf_metadata_value_type}: their places here. */
    enum Type {
        UINT8(1),
        INT8(1),
        UINT16(2),
        INT16(2),
        UINT32(4),
        INT32(4),
        FLOAT32(4),
        BOOL(1),
        /** A length, and so many bytes of UTF-8. */
        STRING(8),
        /** A type, a length, and so many values. */
        ARRAY(12),
        UINT64(8),
        INT64(8),
        FLOAT64(8);

        private final int leastBytes;

        Type(int leastBytes) {
            this.leastBytes = leastBytes;
        }

        /** A value has no fewer bytes. */
        int leastBytes() {
            return leastBytes;
        }
    }

    /**
     * One value.
     *
     * @param value a Long for whole numbers, a Float, a Double, a Boolean or a String
     */
    record Scalar(Type type, Object value) implements GgufValue {}

    /** Values of one type, as {@link Scalar} has them. */
    record Array(Type type, List<?> values) implements GgufValue {
        public Array {
            values = List.copyOf(values);
        }
    }

    static GgufValue of(String text) {
        return new Scalar(Type.STRING, text);
    }

    static GgufValue of(boolean flag) {
        return new Scalar(Type.BOOL, flag);
    }

    static GgufValue of(float number) {
        return new Scalar(Type.FLOAT32, number);
    }

    /** A number of at least 0, as UINT32. */
    static GgufValue of(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("negative: " + number);
        }
        return new Scalar(Type.UINT32, (long) number);
    }

    static GgufValue texts(List<String> texts) {
        return new Array(Type.STRING, texts);
    }

    static GgufValue flags(List<Boolean> flags) {
        return new Array(Type.BOOL, flags);
    }

    /** As INT32. */
    static GgufValue numbers(int... numbers) {
        return new Array(
                Type.INT32, Arrays.stream(numbers).asLongStream().boxed().toList());
    }

    /** As FLOAT32. */
    static GgufValue numbers(float... numbers) {
        return new Array(
                Type.FLOAT32,
                IntStream.range(0, numbers.length).mapToObj(i -> numbers[i]).toList());
    }
}
