package candor.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;

/**
 * Beginnings of sequences whose keys and values are in the cache, or will be. A node is a page of tokens behind its parent's;
 * each adapter slot has a root, for keys and values depend on the adapter.
 *
 * <p>A node that no sequence uses is kept until its page is needed, the one longest out of use first. Sequences give their
 * nodes back from the last to the first, so a node is never kept longer than those behind it.
 */
final class PrefixTree {
    /** A page of tokens. */
    static final class Node {
        private final Node parent;
        private final Page tokens;
        private final Map<Page, Node> children = new HashMap<>();
        private int users;
        private int page;
        private boolean ready;

        private Node(Node parent, Page tokens, int page, boolean ready) {
            this.parent = parent;
            this.tokens = tokens;
            this.page = page;
            this.ready = ready;
        }

        /** The page of its keys and values, or {@link KvCache#NO_PAGE}. */
        int page() {
            return page;
        }

        /** Its keys and values are there, or will be before the next pass reads them. */
        boolean ready() {
            return ready;
        }

        /** Whether it is not there yet, and somebody beside the one who computes it wants it. */
        boolean isAwaited() {
            return !ready && users > 1;
        }

        void computed(int inPage) {
            page = inPage;
            ready = true;
        }
    }

    /** So many tokens of an array, compared by value. */
    private record Page(int[] ids) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Page page && Arrays.equals(ids, page.ids);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }
    }

    private final int pageTokens;
    private final Map<Integer, Node> roots = new HashMap<>();
    private final SequencedSet<Node> kept = new LinkedHashSet<>();
    private int used;

    PrefixTree(int pageTokens) {
        this.pageTokens = pageTokens;
    }

    Node root(int slot) {
        return roots.computeIfAbsent(slot, any -> new Node(null, null, KvCache.NO_PAGE, true));
    }

    /** The node behind {@code parent} for the page of tokens that begins at {@code from}, or null. */
    Node child(Node parent, int[] tokens, int from) {
        return parent.children.get(page(tokens, from));
    }

    private Page page(int[] tokens, int from) {
        return new Page(Arrays.copyOfRange(tokens, from, from + pageTokens));
    }

    /** A new node, used once; without a page where it is not computed yet. */
    Node add(Node parent, int[] tokens, int from, int page) {
        Node node = new Node(parent, page(tokens, from), page, page != KvCache.NO_PAGE);
        parent.children.put(node.tokens, node);
        node.users = 1;
        used++;
        return node;
    }

    void use(Node node) {
        if (node.users++ == 0) {
            kept.remove(node);
            used++;
        }
    }

    /**
     * Gives nodes back, each used by the caller, in the order from the root.
     *
     * @return the nodes that were not computed and are gone now
     */
    List<Node> release(List<Node> path) {
        List<Node> dropped = new ArrayList<>();
        for (Node node : path.reversed()) {
            if (--node.users > 0) {
                continue;
            }
            used--;
            if (node.ready) {
                kept.addLast(node);
            } else {
                node.parent.children.remove(node.tokens);
                dropped.add(node);
            }
        }
        return dropped;
    }

    /** How many nodes some sequence uses. */
    int used() {
        return used;
    }

    /** How many nodes are kept for later. */
    int kept() {
        return kept.size();
    }

    /** Forgets the node that has been out of use for longest, and gives back its page. */
    int evict() {
        Node node = kept.removeFirst();
        node.parent.children.remove(node.tokens);
        return node.page;
    }
}
