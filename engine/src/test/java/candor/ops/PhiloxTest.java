package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** The known answers that the authors publish with their Random123 library. */
    @Test
    void givesThePublishedWords() {
        assertThat(words(0, 0, 0, 0, 0)).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(words(-1, -1, -1, -1, -1)).containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertThat(words(0x299f31d0_a4093822L, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344))
                .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    @Test
    void uniformNumbersStayBelowOne() {
        assertThat(Philox.uniform(0)).isZero();
        assertThat(Philox.uniform(-1)).isEqualTo(1 - 0x1p-24f).isLessThan(1f);
        assertThat(Philox.uniform(0x80000000)).isEqualTo(0.5f);
    }

    private static int[] words(long key, int c0, int c1, int c2, int c3) {
        int[] words = new int[4];
        Philox.words(words, key, c0, c1, c2, c3);
        return words;
    }
}
