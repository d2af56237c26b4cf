package candor.serve;

import candor.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What a token says behind another: decoders leave a blank before a first token out. */
final class TokenTexts {
    private static final String REPLACEMENT = "\ufffd";

    private final Tokenizer tokenizer;

    TokenTexts(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** @param before the token before it, or −1 */
    String of(int before, int id) {
        String alone = tokenizer.decode(new int[] {id}, false);
        if (before < 0) {
            return alone;
        }
        String first = tokenizer.decode(new int[] {before}, false);
        String both = tokenizer.decode(new int[] {before, id}, false);
        return both.startsWith(first) ? both.substring(first.length()) : alone;
    }

    /** The bytes of a token's text, where that is whole characters; empty for a token that is part of one. */
    static Optional<byte[]> bytes(String text) {
        return text.contains(REPLACEMENT) ? Optional.empty() : Optional.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
