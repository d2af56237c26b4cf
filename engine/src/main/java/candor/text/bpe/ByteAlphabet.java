package candor.text.bpe;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * GPT-2's alphabet (Radford et al. 2019): a visible character for each byte, so that a text of any bytes is a text without
 * blanks. Printable Latin-1 characters stand for themselves, the other bytes for the characters from U+0100 on.
 */
final class ByteAlphabet {
    private static final char[] OF_BYTE = make();

    private ByteAlphabet() {}

    private static char[] make() {
        char[] of = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean itself = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            of[b] = itself ? (char) b : next++;
        }
        return of;
    }

    /** All 256 characters, in their order in Unicode. */
    static List<String> letters() {
        char[] sorted = OF_BYTE.clone();
        Arrays.sort(sorted);
        List<String> letters = new ArrayList<>();
        for (char letter : sorted) {
            letters.add(String.valueOf(letter));
        }
        return letters;
    }

    /** The bytes of a text in UTF-8, a character each. */
    static String encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        char[] letters = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            letters[i] = OF_BYTE[bytes[i] & 0xff];
        }
        return new String(letters);
    }
}
