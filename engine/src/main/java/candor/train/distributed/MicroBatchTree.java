package candor.train.distributed;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/**
 * In which order what micro-batches give is summed: pairwise, as a tree over their numbers, whose left part is the largest power
 * of two that leaves something on the right. It is a function of their number alone, so a sum has the same bytes wherever its
 * parts were computed; and one who adds micro-batches one after another keeps at most one partial sum for each level.
 *
 * @param microBatches how many there are, at least one
 */
public record MicroBatchTree(int microBatches) {
    /** A sum of neighbours that is a node of the tree: micro-batches {@code from} (inclusive) to {@code to} (exclusive). */
    public record Node(int from, int to) {
        int length() {
            return to - from;
        }

        /** Where its right part begins. */
        int middle() {
            return from + Integer.highestOneBit(length() - 1);
        }
    }

    /** The fewest nodes that make up neighbours, in order; none where there are no neighbours. */
    public List<Node> nodes(int from, int to) {
        List<Node> nodes = new ArrayList<>();
        collect(new Node(0, microBatches), from, to, nodes);
        return nodes;
    }

    private static void collect(Node node, int from, int to, List<Node> nodes) {
        if (to <= node.from || node.to <= from) {
            return;
        }
        if (from <= node.from && node.to <= to) {
            nodes.add(node);
            return;
        }
        collect(new Node(node.from, node.middle()), from, to, nodes);
        collect(new Node(node.middle(), node.to), from, to, nodes);
    }

    /** Whether two neighbours are the two parts of a node. */
    public boolean siblings(Node left, Node right) {
        Node both = new Node(left.from, right.to);
        return left.to == right.from
                && both.middle() == left.to
                && nodes(both.from, both.to).size() == 1;
    }

    /**
     * The whole sum.
     *
     * @param known gives the values of a node, or null where its parts are known instead
     * @param sum   of a left and a right part
     */
    public <T> T sum(Function<Node, T> known, BinaryOperator<T> sum) {
        return sum(new Node(0, microBatches), known, sum);
    }

    private static <T> T sum(Node node, Function<Node, T> known, BinaryOperator<T> sum) {
        T values = known.apply(node);
        if (values != null) {
            return values;
        }
        T left = sum(new Node(node.from, node.middle()), known, sum);
        return sum.apply(left, sum(new Node(node.middle(), node.to), known, sum));
    }
}
