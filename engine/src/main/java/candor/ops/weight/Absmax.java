package candor.ops.weight;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The largest absolute value of each block of an {@link Nf4Weight}. */
public sealed interface Absmax {
    /** Of a block. */
    float of(long block);

    /** Bytes that it takes. */
    long bytes();

    /** How many blocks there are. */
    long blocks();

    /** @param values float32, one for each block */
    record Plain(MemorySegment values) implements Absmax {
        @Override
        public float of(long block) {
            return PackedWeight.floatAt(values, block);
        }

        @Override
        public long bytes() {
            return values.byteSize();
        }

        @Override
        public long blocks() {
            return values.byteSize() / Float.BYTES;
        }
    }

    /**
     * Quantised once more ("double quantisation", arXiv 2305.14314, section 3): what is left of each when their mean is
     * taken off, in eight bits, in groups of 256. In float32: map[code] times the group's scale, rounded, plus the offset, rounded.
     */
    final class Nested implements Absmax {
        /** Blocks in a group. */
        public static final int GROUP = 256;

        private final MemorySegment codes;
        private final MemorySegment scales;
        private final float[] map;
        private final float offset;

        /**
         * @param codes  a byte for each block
         * @param scales float32, one for each group
         * @param map    what the 256 codes stand for
         * @param offset the mean
         */
        public Nested(MemorySegment codes, MemorySegment scales, float[] map, float offset) {
            if (map.length != 256) {
                throw new IllegalArgumentException(map.length + " values for 256 codes");
            }
            PackedWeight.requireBytes("scales", scales, Float.BYTES * Math.ceilDiv(codes.byteSize(), GROUP));
            this.codes = codes;
            this.scales = scales;
            this.map = map.clone();
            this.offset = offset;
        }

        /** Quantises; the offset is their mean, summed in double precision and rounded once. */
        static Nested of(float[] values, Arena arena) {
            double sum = 0;
            for (float value : values) {
                sum += value;
            }
            return of(values, (float) (sum / values.length), arena);
        }

        /** Quantises what is left without an offset. */
        static Nested of(float[] values, float offset, Arena arena) {
            float[] map = DynamicMap.signed();
            MemorySegment codes = arena.allocate(values.length);
            MemorySegment scales = arena.allocate(ValueLayout.JAVA_FLOAT, Math.ceilDiv(values.length, GROUP));
            for (int from = 0; from < values.length; from += GROUP) {
                int end = Math.min(values.length, from + GROUP);
                float largest = 0;
                for (int i = from; i < end; i++) {
                    largest = Math.max(largest, Math.abs(values[i] - offset));
                }
                scales.setAtIndex(ValueLayout.JAVA_FLOAT, from / GROUP, largest);
                float inverse = largest == 0 ? 0 : 1 / largest;
                for (int i = from; i < end; i++) {
                    int code = DynamicMap.nearest(map, (values[i] - offset) * inverse);
                    codes.set(ValueLayout.JAVA_BYTE, i, (byte) code);
                }
            }
            return new Nested(codes, scales, map, offset);
        }

        /** Bytes for so many blocks. */
        static long bytes(long blocks) {
            return blocks + Float.BYTES * Math.ceilDiv(blocks, GROUP) + Float.BYTES;
        }

        @Override
        public float of(long block) {
            int code = codes.get(ValueLayout.JAVA_BYTE, block) & 0xff;
            return map[code] * PackedWeight.floatAt(scales, block / GROUP) + offset;
        }

        @Override
        public long bytes() {
            return bytes(blocks());
        }

        @Override
        public long blocks() {
            return codes.byteSize();
        }

        /** A byte for each block. */
        public MemorySegment codes() {
            return codes;
        }

        /** Float32, one for each group. */
        public MemorySegment scales() {
            return scales;
        }

        /** What the 256 codes stand for. */
        public float[] map() {
            return map.clone();
        }

        /** What is added to each. */
        public float offset() {
            return offset;
        }
    }
}
