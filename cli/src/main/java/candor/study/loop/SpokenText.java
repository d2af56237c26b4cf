package candor.study.loop;

import candor.evaluate.engine.Defused;
import candor.text.Tokenizer;

/**
 * What a model, an endpoint or a file said, before it goes anywhere: bounded, of whole characters, without control
 * characters, and without text that the trained model's tokenizer takes for a special token. So a row made of it can be
 * trained on, and nobody can end another one's turn.
 */
final class SpokenText {
    private final Tokenizer tokenizer;
    private final int most;

    /**
     * @param tokenizer of the model that is trained
     * @param most characters that are kept
     */
    SpokenText(Tokenizer tokenizer, int most) {
        this.tokenizer = tokenizer;
        this.most = most;
    }

    /** The text as it is kept; empty where nothing is left of it. */
    String plain(String said) {
        StringBuilder kept = new StringBuilder();
        String text = said.length() > 2L * most ? said.substring(0, 2 * most) : said;
        text.replace("\r\n", "\n").codePoints().filter(SpokenText::isText).forEach(kept::appendCodePoint);
        String bounded = kept.length() <= most
                ? kept.toString()
                : kept.substring(0, Character.isHighSurrogate(kept.charAt(most - 1)) ? most - 1 : most);
        return Defused.text(tokenizer, bounded).strip();
    }

    private static boolean isText(int c) {
        boolean control = Character.isISOControl(c) && c != '\n' && c != '\t';
        boolean half = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        return !control && !half;
    }
}
