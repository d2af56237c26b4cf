package candor.text;

import candor.BadInput;

/** Checks of text from outside. */
final class TextChecks {
    private TextChecks() {}

    /** A lone surrogate is half a character: it has no UTF-8 form, so no tokenizer could ever have seen it. */
    static void wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c)
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw new BadInput(String.format(
                            "the text holds half a surrogate pair (\\u%04x at character %d): remove or repair it",
                            (int) c, i));
                }
                i++;
            }
        }
    }
}
