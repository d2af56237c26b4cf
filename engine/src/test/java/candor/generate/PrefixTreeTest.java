package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;

import candor.generate.PrefixTree.Node;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrefixTreeTest {
    private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, 7, 8};

    private final PrefixTree tree = new PrefixTree(2);

    /** The tokens' pages, each behind the one before, in pages from {@code page} on. */
    private List<Node> add(int[] tokens, int page) {
        List<Node> path = new ArrayList<>();
        Node last = tree.root(0);
        for (int from = 0; from < tokens.length; from += 2) {
            Node next = tree.child(last, tokens, from);
            if (next == null) {
                next = tree.add(last, tokens, from, page++);
            } else {
                tree.use(next);
            }
            path.add(next);
            last = next;
        }
        return path;
    }

    @Test
    void aPageIsFoundByItsTokensAndAllBeforeThem() {
        List<Node> path = add(TOKENS, 10);
        assertThat(tree.child(tree.root(0), new int[] {0, 1, 2}, 1)).isSameAs(path.get(0));
        assertThat(tree.child(path.get(0), TOKENS, 2)).isSameAs(path.get(1));
        assertThat(tree.child(tree.root(0), TOKENS, 2)).isNull();
        assertThat(tree.child(tree.root(1), TOKENS, 0)).as("another adapter").isNull();
        assertThat(path.get(3).page()).isEqualTo(13);
    }

    @Test
    void whatIsLongestOutOfUseGoesFirstAndNeverBeforeWhatIsBehindIt() {
        List<Node> one = add(new int[] {1, 2, 3, 4, 5, 6}, 0);
        List<Node> two = add(new int[] {1, 2, 9, 9}, 3);
        assertThat(tree.used()).isEqualTo(4);
        assertThat(tree.release(one)).isEmpty();
        assertThat(tree.used()).as("the common page and its own").isEqualTo(2);
        tree.release(two);
        assertThat(List.of(tree.evict(), tree.evict(), tree.evict(), tree.evict()))
                .containsExactly(2, 1, 3, 0);
        assertThat(tree.kept()).isZero();
        assertThat(tree.child(tree.root(0), TOKENS, 0)).isNull();
    }

    @Test
    void useMovesAPathToTheEndOfTheQueue() {
        tree.release(add(new int[] {1, 2, 3, 4}, 0));
        tree.release(add(new int[] {5, 6}, 2));
        tree.release(add(new int[] {1, 2}, -9));
        assertThat(List.of(tree.evict(), tree.evict(), tree.evict())).containsExactly(1, 2, 0);
    }

    @Test
    void whatWasNeverComputedIsDropped() {
        Node there = tree.add(tree.root(0), TOKENS, 0, 4);
        Node not = tree.add(there, TOKENS, 2, KvCache.NO_PAGE);
        Node behind = tree.add(not, TOKENS, 4, KvCache.NO_PAGE);
        assertThat(not.ready()).isFalse();
        assertThat(tree.release(List.of(there, not, behind))).containsExactly(behind, not);
        assertThat(tree.kept()).isEqualTo(1);
        assertThat(tree.child(there, TOKENS, 2)).isNull();
    }
}
