package candor.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TruncationTest {
    /** A row of turns: so many tokens asked, so many answered, and so on; ids count up from 0. */
    private static EncodedRow row(int promptLength, int... parts) {
        int length = Arrays.stream(parts).sum();
        boolean[] target = new boolean[length];
        int at = 0;
        for (int i = 0; i < parts.length; i++) {
            Arrays.fill(target, at, at += parts[i], i % 2 == 1);
        }
        return new EncodedRow(5, IntStream.range(0, length).toArray(), target, promptLength, true);
    }

    @Test
    void nothingIsCutThatFits() {
        EncodedRow row = row(3, 3, 4);
        for (Truncation truncation : Truncation.values()) {
            assertThat(truncation.apply(row, 7)).isSameAs(row);
        }
    }

    @Test
    void trlKeepsTheFirstTokens() {
        EncodedRow cut = Truncation.TRL.apply(row(6, 6, 4), 8);
        assertThat(cut).isEqualTo(row(6, 6, 2));
        assertThat(Truncation.TRL.apply(row(6, 6, 4), 5)).isEqualTo(row(5, 5));
        assertThat(Truncation.TRL.apply(row(6, 6, 4), 5).targets()).isZero();
    }

    /** Expected lengths from LLaMA-Factory's infer_seqlen(source, target, cutoff), run in Python. */
    @ParameterizedTest
    @CsvSource({
        // source, target, cutoff, kept source, kept target
        "10, 4, 9, 5, 4", "4, 10, 9, 4, 5", "10, 10, 10, 5, 5", "100, 50, 31, 21, 10", "7, 5, 11, 6, 5",
                "5, 7, 11, 5, 6",
        "3, 9, 6, 2, 4", "9, 3, 6, 5, 1", "1, 50, 2, 1, 1", "50, 1, 2, 2, 0", "0, 9, 4, 0, 4", "9, 0, 4, 4, 0",
        "1000, 999, 2, 2, 0", "997, 1013, 1024, 508, 516", "29, 71, 70, 29, 41"
    })
    void llamaFactorySharesTheLength(int source, int target, int cutoff, int keptSource, int keptTarget) {
        EncodedRow cut = Truncation.LLAMA_FACTORY.apply(row(source, source, target), cutoff);
        int[] expected = IntStream.concat(IntStream.range(0, keptSource), IntStream.range(source, source + keptTarget))
                .toArray();
        assertThat(cut.ids()).containsExactly(expected);
        assertThat(cut.promptLength()).isEqualTo(keptSource);
        for (int t = 0; t < cut.length(); t++) {
            assertThat(cut.target()[t]).isEqualTo(t >= keptSource);
        }
    }

    /** Turn by turn, with what the turns before have left. */
    @Test
    void llamaFactoryCutsTurnByTurn() {
        // Of 20: the first turn (5, 3) fits; 12 are left for (8, 10): neither is short, so 12 · 10/18 = 6 of the answer
        // and 6 of the question.
        EncodedRow cut = Truncation.LLAMA_FACTORY.apply(row(5, 5, 3, 8, 10, 4, 4), 20);
        assertThat(cut.ids()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21);
        assertThat(cut.targets()).isEqualTo(9);
        assertThat(cut.promptLength()).isEqualTo(5);
    }

    @Test
    void aPairIsJoinedBeforeItIsCut() {
        EncodedRow one = row(6, 6, 2);
        EncodedRow other = row(2, 2, 9);
        EncodedRow pair = one.withCompletionOf(other);
        assertThat(pair.ids()).containsExactly(0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        assertThat(pair.promptLength()).isEqualTo(6);
        assertThat(pair.row()).isEqualTo(5);
        assertThat(Truncation.TRL.apply(pair, 8).ids()).containsExactly(0, 1, 2, 3, 4, 5, 2, 3);
        assertThat(Truncation.LLAMA_FACTORY.apply(pair, 14).ids())
                .containsExactly(0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(other.withCompletionOf(one).targets()).isEqualTo(2);
    }
}
