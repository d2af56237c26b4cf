package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SharesTest {
    @Test
    void everyPanelBelongsToOnePieceAndThreadsHaveAsMany() {
        for (int threads = 1; threads < 6; threads++) {
            for (int panels = 0; panels < 90; panels++) {
                int pieces = Shares.count(threads);
                assertThat(Shares.first(panels, 0, threads)).isZero();
                assertThat(Shares.first(panels, pieces, threads)).isEqualTo(panels);
                assertThat(Shares.firstRoundedUp(panels, 0, threads)).isZero();
                assertThat(Shares.firstRoundedUp(panels, pieces, threads)).isEqualTo(panels);
                for (int piece = 0; piece < pieces; piece++) {
                    assertThat(Shares.first(panels, piece, threads))
                            .isLessThanOrEqualTo(Shares.first(panels, piece + 1, threads));
                    assertThat(Shares.firstRoundedUp(panels, piece, threads))
                            .isLessThanOrEqualTo(Shares.firstRoundedUp(panels, piece + 1, threads))
                            .isBetween(Shares.first(panels, piece, threads), Shares.first(panels, piece, threads) + 1);
                }
                for (int thread = 0; thread < threads; thread++) {
                    int from = Shares.first(panels, thread * Shares.PIECES, threads);
                    int end = Shares.first(panels, (thread + 1) * Shares.PIECES, threads);
                    assertThat(end - from).isBetween(panels / threads, panels / threads + 1);
                }
            }
        }
    }

    @Test
    void aThreadsPiecesBecomeSmaller() {
        int[] sizes = new int[Shares.PIECES];
        for (int piece = 0; piece < sizes.length; piece++) {
            sizes[piece] = Shares.first(200, piece + 1, 2) - Shares.first(200, piece, 2);
        }
        assertThat(sizes).containsExactly(40, 30, 20, 10);
    }
}
