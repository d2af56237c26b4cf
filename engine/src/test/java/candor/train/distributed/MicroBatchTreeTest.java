package candor.train.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import candor.train.distributed.MicroBatchTree.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MicroBatchTreeTest {
    private static String text(MicroBatchTree tree) {
        return tree.sum(
                node -> node.length() == 1 ? Integer.toString(node.from()) : null, (a, b) -> "(" + a + " " + b + ")");
    }

    @Test
    void pairsAreSummedFirst() {
        assertThat(text(new MicroBatchTree(1))).isEqualTo("0");
        assertThat(text(new MicroBatchTree(2))).isEqualTo("(0 1)");
        assertThat(text(new MicroBatchTree(3))).isEqualTo("((0 1) 2)");
        assertThat(text(new MicroBatchTree(5))).isEqualTo("(((0 1) (2 3)) 4)");
        assertThat(text(new MicroBatchTree(7))).isEqualTo("(((0 1) (2 3)) ((4 5) 6))");
        assertThat(text(new MicroBatchTree(8))).isEqualTo("(((0 1) (2 3)) ((4 5) (6 7)))");
    }

    /** Whoever computes what, and adds what the tree lets it add, the sum is the same. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 6, 7, 8, 11, 16, 21})
    void theOrderDoesNotDependOnWhoComputes(int microBatches) {
        MicroBatchTree tree = new MicroBatchTree(microBatches);
        for (int size = 1; size <= microBatches + 2; size++) {
            Division division = new Division(microBatches, size);
            Map<Node, String> known = new HashMap<>();
            int next = 0;
            for (int rank = 0; rank < size; rank++) {
                assertThat(division.from(rank)).isEqualTo(next);
                List<Node> stack = new ArrayList<>();
                List<String> sums = new ArrayList<>();
                for (int m = division.from(rank); m < division.to(rank); m++) {
                    assertThat(division.owner(m)).isEqualTo(rank);
                    Node node = new Node(m, m + 1);
                    String sum = Integer.toString(m);
                    while (!stack.isEmpty() && tree.siblings(stack.getLast(), node)) {
                        node = new Node(stack.removeLast().from(), node.to());
                        sum = "(" + sums.removeLast() + " " + sum + ")";
                    }
                    stack.add(node);
                    sums.add(sum);
                }
                assertThat(tree.nodes(division.from(rank), division.to(rank))).isEqualTo(stack);
                for (int i = 0; i < stack.size(); i++) {
                    known.put(stack.get(i), sums.get(i));
                }
                next = division.to(rank);
            }
            assertThat(next).isEqualTo(microBatches);
            assertThat(tree.<String>sum(known::get, (a, b) -> "(" + a + " " + b + ")"))
                    .isEqualTo(text(tree));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 256, 257, 5000})
    void sharesAreWholeBlocksOfEitherPart(int decayed) {
        int columns = 5000;
        for (int size : new int[] {1, 2, 3, 7, 64}) {
            RowShares shares = new RowShares(columns, decayed, size);
            int next = 0;
            int block = 0;
            for (int rank = 0; rank < size; rank++) {
                RowShares.Share share = shares.of(rank);
                assertThat(share.from()).isEqualTo(next);
                int from = share.from();
                assertThat(from < decayed ? from % 256 : (from - decayed) % 256).isIn(0, (columns - decayed) % 256);
                assertThat(shares.blocks(rank).from()).isEqualTo(block);
                next = share.to();
                block = shares.blocks(rank).to();
            }
            assertThat(next).isEqualTo(columns);
            assertThat(block).isEqualTo(Math.ceilDiv(decayed, 256) + Math.ceilDiv(columns - decayed, 256));
        }
    }
}
