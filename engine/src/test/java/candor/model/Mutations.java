package candor.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Spoils files at random, but the same way for the same seed: bytes and bits, stretches, and whole JSON tokens. */
public final class Mutations {
    private static final String[] TOKENS = {
        "0",
        "-1",
        "1",
        "2",
        "7",
        "1e9",
        "1e999",
        "-0.0",
        "2147483647",
        "2147483648",
        "-9223372036854775808",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "NaN",
        "null",
        "true",
        "\"\"",
        "\"F64\"",
        "\"BF16\"",
        "\"I32\"",
        "[]",
        "{}",
        "[[]]",
        "[0]",
        "{\"a\":{}}",
        "\"../x.safetensors\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"all-linear\"",
        "\"q_proj\"",
        "[\"q_proj\"]",
        "/**/",
        "'a'",
        "\ufeff"
    };
    private static final String MARKS = "{}[],:\" \n\\";

    private final SplittableRandom random;

    public Mutations(long seed) {
        random = new SplittableRandom(seed);
    }

    /** A text with one to four faults. */
    public byte[] json(byte[] original) {
        byte[] bytes = original;
        for (int faults = 1 + random.nextInt(4); faults > 0; faults--) {
            bytes = fault(bytes);
        }
        return bytes;
    }

    /** A safetensors file whose header, or header length, or size has faults. */
    public byte[] safetensors(byte[] original) {
        int header =
                (int) ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        switch (random.nextInt(8)) {
            case 0 -> {
                return Arrays.copyOf(original, random.nextInt(original.length + 64));
            }
            case 1 -> {
                byte[] bytes = original.clone();
                bytes[random.nextInt(Long.BYTES)] = (byte) random.nextInt();
                return bytes;
            }
            default -> {
                byte[] text = json(Arrays.copyOfRange(original, Long.BYTES, Long.BYTES + header));
                byte[] bytes = new byte[original.length - header + text.length];
                // The length that is written is right more often than not, or nothing behind it would be reached.
                long length = random.nextInt(8) == 0 ? header : text.length;
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(length)
                        .put(text)
                        .put(original, Long.BYTES + header, original.length - Long.BYTES - header);
                return bytes;
            }
        }
    }

    private byte[] fault(byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(bytes.length);
        int end = Math.min(bytes.length, at + 1 + random.nextInt(random.nextBoolean() ? 4 : 200));
        return switch (random.nextInt(8)) {
            case 0 -> splice(bytes, at, at + 1, new byte[] {(byte) (bytes[at] ^ (1 << random.nextInt(8)))});
            case 1 -> splice(bytes, at, at + 1, new byte[] {(byte) random.nextInt()});
            case 2 -> splice(bytes, at, end, new byte[0]);
            case 3 -> splice(bytes, at, at, Arrays.copyOfRange(bytes, at, end));
            case 4 -> splice(bytes, at, at, new byte[] {(byte) MARKS.charAt(random.nextInt(MARKS.length()))});
            default -> replaceToken(bytes);
        };
    }

    /** Puts another value in the place of a number, a text or a word. */
    private byte[] replaceToken(byte[] bytes) {
        List<int[]> places = new ArrayList<>();
        for (int i = 0; i < bytes.length; i++) {
            int end = i;
            if (bytes[i] == '"') {
                end = i + 1;
                while (end < bytes.length && bytes[end] != '"') {
                    end++;
                }
                end++;
            } else {
                while (end < bytes.length
                        && (Character.isLetterOrDigit(bytes[end]) || "+-.".indexOf(bytes[end]) >= 0)) {
                    end++;
                }
            }
            if (end > i && end <= bytes.length) {
                places.add(new int[] {i, end});
                i = end - 1;
            }
        }
        if (places.isEmpty()) {
            return bytes;
        }
        int[] place = places.get(random.nextInt(places.size()));
        byte[] with;
        if (random.nextInt(3) == 0) {
            int[] other = places.get(random.nextInt(places.size()));
            with = Arrays.copyOfRange(bytes, other[0], other[1]);
        } else {
            with = TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8);
        }
        return splice(bytes, place[0], place[1], with);
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] with) {
        byte[] result = new byte[bytes.length - (to - from) + with.length];
        System.arraycopy(bytes, 0, result, 0, from);
        System.arraycopy(with, 0, result, from, with.length);
        System.arraycopy(bytes, to, result, from + with.length, bytes.length - to);
        return result;
    }
}
