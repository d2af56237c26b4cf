package candor.serve;

import candor.generate.FinishReason;
import candor.generate.TokenScore;
import java.util.ArrayList;
import java.util.List;

/** One of the replies to a request, as far as it has come. */
final class Choice {
    private final int index;
    private final int[] prompt;
    private final StringBuilder text = new StringBuilder();
    private final List<TokenScore> promptScores = new ArrayList<>();
    private final List<TokenScore> scores = new ArrayList<>();
    private FinishReason reason;
    /** The token before the next whose text is told; −1 before the first. */
    private int before = -1;
    /** Code points of tokens whose text was told. */
    private int told;

    Choice(int index, int[] prompt) {
        this.index = index;
        this.prompt = prompt;
    }

    int index() {
        return index;
    }

    int[] prompt() {
        return prompt;
    }

    void add(String piece) {
        text.append(piece);
    }

    String text() {
        return text.toString();
    }

    void addPrompt(TokenScore score) {
        promptScores.add(score);
    }

    /** Of the prompt's tokens, from the second on. */
    List<TokenScore> promptScores() {
        return promptScores;
    }

    void add(TokenScore score) {
        scores.add(score);
    }

    /** Those that were added and not taken yet. */
    List<TokenScore> takeScores() {
        List<TokenScore> taken = List.copyOf(scores);
        scores.clear();
        return taken;
    }

    void end(FinishReason why) {
        reason = why;
    }

    /** Why it ended; null where it has not. */
    FinishReason reason() {
        return reason;
    }

    int before() {
        return before;
    }

    int told() {
        return told;
    }

    /** A token's text has been told. */
    void told(int id, String tokenText) {
        before = id;
        told += tokenText.codePointCount(0, tokenText.length());
    }
}
