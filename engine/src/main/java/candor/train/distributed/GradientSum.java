package candor.train.distributed;

import candor.comm.Communicator;
import candor.comm.Transfer;
import candor.ops.Backend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import candor.train.distributed.MicroBatchTree.Node;
import candor.train.distributed.RowShares.Share;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The gradient of a step out of those of its micro-batches, summed by {@link MicroBatchTree} in float32. Each process sums its own
 * micro-batches, where they are computed or on the host, as far as the tree allows; of every partial sum each owner gets its share
 * of the row, and sums on, on the host (a reduce-scatter with a fixed order); then all shares go to all, since the gradient's norm
 * is that of the whole row. Where gradients are memory of the host and lie layer after layer, those of a layer travel while the
 * layers before it are computed.
 *
 * <p>No sum is -0: each begins as 0, and is added to. So a row is kept by adding it to zeros, which a device does by itself.
 *
 * <p>A step of one micro-batch in one process is left alone: its gradient is what the backward pass wrote.
 */
public final class GradientSum implements AutoCloseable {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    /** A partial sum; its row is one beside the gradients, or the gradients themselves. */
    private record Partial(Node node, Tensor row) {}

    private final Backend backend;
    private final Communicator comm;
    /** (1, P): of the first micro-batch of a pass; those of a step at its end. */
    private final Tensor gradients;

    /** (1, P) each: of the micro-batches of a pass. */
    private final List<Tensor> places;

    private final RowShares shares;
    /** Whether the gradients are memory of the host. */
    private final boolean here;

    /** Whether partial sums are where gradients are computed. */
    private final boolean near;

    private final List<Workspace> workspaces = new ArrayList<>();
    /** Rows of a device that hold nothing. */
    private final Deque<Tensor> spareOnDevice = new ArrayDeque<>();

    /** The same of the host. */
    private final Deque<Tensor> spareOnHost = new ArrayDeque<>();

    /** Rows of the host that hold what goes from a device to others. */
    private final List<Tensor> sent = new ArrayList<>();

    private final Deque<Partial> partials = new ArrayDeque<>();
    /** Pieces that come from others. */
    private final List<Tensor> pieces = new ArrayList<>();

    /** Where each layer begins in the row, or null: then nothing travels before all is there. */
    private final int[] layers;

    private MicroBatchTree tree;
    private Division division;

    // Of the step that travels.
    /** Rows that the last micro-batch's gradients are still to be added to, one after another, layer by layer. */
    private final List<Tensor> merges = new ArrayList<>();

    private final List<Transfer> transfers = new ArrayList<>();
    private final Map<Node, Tensor> known = new HashMap<>();
    private List<List<Node>> nodes;

    /**
     * @param places    (1, P) each, which backward passes add to: one for each micro-batch of a pass
     * @param layers    where the elements of each layer begin in the row, and where they end; null where they are not neighbours
     * @param near      whether partial sums stay where they are computed, and not on the host
     */
    public GradientSum(
            Backend backend, Communicator comm, List<Tensor> places, RowShares shares, int[] layers, boolean near) {
        this.backend = backend;
        this.comm = comm;
        this.places = List.copyOf(places);
        gradients = places.getFirst();
        this.shares = shares;
        here = !backend.descriptor().copiesWeights();
        this.near = near || here;
        this.layers = here && comm.size() > 1 ? layers : null;
    }

    /**
     * What it takes in the process that needs the most, beside the gradients.
     *
     * @param computed bytes where gradients are computed
     * @param host     bytes of the host where that is elsewhere, and of what others send
     */
    public record Bytes(long computed, long host) {}

    /**
     * Of a row of so many columns, at most.
     *
     * @param device whether gradients are computed elsewhere than on the host
     * @param near   see the constructor
     */
    public static Bytes bytes(long columns, int microBatches, int processes, boolean device, boolean near) {
        boolean far = device && !near;
        boolean alone = microBatches == 1 && processes == 1;
        MicroBatchTree tree = new MicroBatchTree(microBatches);
        Division division = new Division(microBatches, processes);
        long rows = 0;
        long sent = 0;
        long pieces = 0;
        for (int rank = 0; rank < processes; rank++) {
            int from = division.from(rank);
            // Of sums that are near, the last one stays in the gradients.
            for (int to = from; to < division.to(rank) + (far ? 1 : 0); to++) {
                rows = Math.max(rows, tree.nodes(from, to).size());
            }
            int own = tree.nodes(from, division.to(rank)).size();
            sent = Math.max(sent, own);
            pieces += own;
        }
        long row = DType.F32.bytes() * columns;
        long shares = processes == 1 ? 0 : DType.F32.bytes() * pieces * RowShares.most(columns, processes);
        if (far) {
            // One as it comes, or goes: the parameters do, too.
            return new Bytes(0, alone ? 0 : row * (rows + 1) + shares);
        }
        return new Bytes(row * rows, shares + (device && processes > 1 ? row * (sent + 1) : 0));
    }

    /**
     * Begins a step.
     *
     * @param microBatches of this step and run
     * @param passes       who computes which of them
     */
    public void start(int microBatches, Division passes) {
        partials.forEach(partial -> release(partial.row));
        partials.clear();
        spareOnHost.addAll(sent);
        sent.clear();
        merges.clear();
        transfers.clear();
        known.clear();
        tree = new MicroBatchTree(microBatches);
        division = passes;
        nodes = IntStream.range(0, comm.size())
                .mapToObj(rank -> tree.nodes(
                        Math.min(division.from(rank), microBatches), Math.min(division.to(rank), microBatches)))
                .toList();
        if (comm.size() > 1) {
            Share own = shares.of(comm.rank());
            int used = 0;
            for (List<Node> each : nodes) {
                for (Node node : each) {
                    known.put(node, piece(used++, own.length()));
                }
            }
        }
    }

    private boolean alone() {
        return comm.size() == 1 && tree.microBatches() == 1;
    }

    /**
     * Before the backward pass of a micro-batch.
     *
     * @param before how many there are before it in its pass
     */
    public void begin(int microBatch, int before) {
        if (microBatch < tree.microBatches()) {
            backend.zero(places.get(before));
            if (travels(microBatch)) {
                joinTheLast(microBatch);
            }
        }
    }

    /** Whether the gradients of a micro-batch travel as they come: those of the last that this process computes. */
    private boolean travels(int microBatch) {
        return layers != null && microBatch == division.to(comm.rank()) - 1;
    }

    /** Finds out which partial sums the last micro-batch joins. */
    private void joinTheLast(int microBatch) {
        Partial sum = new Partial(new Node(microBatch, microBatch + 1), gradients);
        while (!partials.isEmpty() && tree.siblings(partials.getLast().node, sum.node)) {
            Partial left = partials.removeLast();
            merges.add(left.row);
            sum = new Partial(new Node(left.node.from(), sum.node.to()), left.row);
        }
        partials.add(sum);
    }

    /**
     * Sends the gradients of a layer off; all processes do it for each layer, the last one first, when the backward pass of their
     * last micro-batch is through with it.
     */
    public void sendOff(int layer) {
        if (layers == null) {
            return;
        }
        Share part = new Share(layers[layer], layers[layer + 1]);
        Tensor sum = gradients;
        for (Tensor row : merges) {
            backend.accumulate(part.of(row), part.of(sum));
            sum = row;
        }
        sendOff(part);
    }

    /** Of each partial sum of a part of the row, its owners get theirs. */
    private void sendOff(Share part) {
        List<Tensor> mine = partials.stream()
                .map(partial -> near && !here ? sent(partial.row) : partial.row)
                .toList();
        Share own = shares.of(comm.rank());
        int rounds = nodes.stream().mapToInt(List::size).max().orElseThrow();
        for (int round = 0; round < rounds; round++) {
            List<MemorySegment> to = new ArrayList<>();
            List<MemorySegment> from = new ArrayList<>();
            for (int rank = 0; rank < comm.size(); rank++) {
                Share theirs = shares.of(rank).and(part);
                to.add(round < mine.size() ? theirs.of(mine.get(round)).data() : MemorySegment.NULL);
                from.add(
                        round < nodes.get(rank).size()
                                ? own.and(part)
                                        .within(own)
                                        .of(known.get(nodes.get(rank).get(round)))
                                        .data()
                                : MemorySegment.NULL);
            }
            transfers.add(comm.exchange(to, from));
        }
    }

    /** Takes a micro-batch's gradients behind its backward pass, in the order of their numbers. */
    public void add(int microBatch, int before) {
        if (microBatch >= tree.microBatches() || alone() || travels(microBatch)) {
            return;
        }
        Tensor own = places.get(before);
        Partial sum = new Partial(new Node(microBatch, microBatch + 1), near ? own : onHost(own));
        while (!partials.isEmpty() && tree.siblings(partials.getLast().node, sum.node)) {
            Partial left = partials.removeLast();
            add(left.row, sum.row, near);
            release(sum.row);
            sum = new Partial(new Node(left.node.from(), sum.node.to()), left.row);
        }
        // The next pass writes into the gradients again.
        boolean last = microBatch == Math.min(tree.microBatches(), division.to(comm.rank())) - 1;
        partials.add(last || sum.row != own ? sum : new Partial(sum.node, kept(own)));
    }

    /** A copy of the gradients where they are computed. */
    private Tensor kept(Tensor gradients) {
        Tensor row = here
                ? onHost()
                : spareOnDevice.isEmpty() ? allocate(gradients.cols(), false) : spareOnDevice.removeLast();
        copy(row, gradients);
        return row;
    }

    /** Of rows where gradients are computed. */
    private void copy(Tensor to, Tensor from) {
        backend.zero(to);
        backend.accumulate(to, from);
    }

    /** A copy of a device's row that goes to others, until the next step. */
    private Tensor sent(Tensor row) {
        Tensor copy = onHost(row);
        sent.add(copy);
        return copy;
    }

    private Tensor onHost(Tensor row) {
        Tensor copy = onHost();
        backend.copy(copy, row);
        backend.synchronise();
        return copy;
    }

    private Tensor onHost() {
        return spareOnHost.isEmpty() ? allocate(gradients.cols(), true) : spareOnHost.removeLast();
    }

    private Tensor allocate(int columns, boolean host) {
        long bytes = Math.max(1, Workspace.bytesFor(DType.F32, 1, columns));
        Workspace workspace = host ? backend.hostWorkspace(bytes) : backend.workspace(bytes);
        workspaces.add(workspace);
        return workspace.take(1, columns);
    }

    private void release(Tensor row) {
        if (places.stream().noneMatch(place -> place == row)) {
            (near && !here ? spareOnDevice : spareOnHost).add(row);
        }
    }

    /**
     * left += right.
     *
     * @param computed whether they are where gradients are computed
     */
    private void add(Tensor left, Tensor right, boolean computed) {
        if (computed) {
            backend.accumulate(left, right);
            return;
        }
        MemorySegment to = left.data();
        MemorySegment from = right.data();
        for (int i = 0; i < left.cols(); i++) {
            to.setAtIndex(FLOAT, i, to.getAtIndex(FLOAT, i) + from.getAtIndex(FLOAT, i));
        }
    }

    /** Ends a step: the gradients are those of all micro-batches, in every process. */
    public void finish() {
        if (alone()) {
            return;
        }
        if (comm.size() == 1) {
            Tensor whole = partials.removeLast().row;
            if (!near) {
                toDevice(gradients, whole);
            } else if (whole != gradients) {
                copy(gradients, whole);
                release(whole);
            }
            return;
        }
        if (layers == null) {
            sendOff(new Share(0, gradients.cols()));
        }
        Tensor row = here ? gradients : onHost();
        Share own = shares.of(comm.rank());
        own.of(row).data().copyFrom(own.within(own).of(reduced()).data());
        spread(row);
        if (!here) {
            toDevice(gradients, row);
        }
    }

    /** The row of the host is free again. */
    private void toDevice(Tensor to, Tensor row) {
        backend.copy(to, row);
        backend.synchronise();
        spareOnHost.add(row);
    }

    /** The share of this process, summed. */
    private Tensor reduced() {
        transfers.forEach(Transfer::await);
        return tree.sum(known::get, (left, right) -> {
            add(left, right, here);
            return left;
        });
    }

    private Tensor piece(int number, int columns) {
        if (number == pieces.size()) {
            pieces.add(allocate(columns, true));
        }
        return pieces.get(number);
    }

    /** Each process's share of a row of the host goes to all. */
    private void spread(Tensor row) {
        Share own = shares.of(comm.rank());
        List<MemorySegment> to = new ArrayList<>();
        List<MemorySegment> from = new ArrayList<>();
        for (int rank = 0; rank < comm.size(); rank++) {
            boolean self = rank == comm.rank();
            to.add(self ? MemorySegment.NULL : own.of(row).data());
            from.add(self ? MemorySegment.NULL : shares.of(rank).of(row).data());
        }
        comm.exchange(to, from).await();
    }

    /** Each process's share of the parameters, which it has moved, goes to all. */
    public void spreadParameters(Tensor parameters) {
        if (comm.size() == 1) {
            return;
        }
        if (here) {
            spread(parameters);
            return;
        }
        Tensor row = onHost(parameters);
        spread(row);
        toDevice(parameters, row);
    }

    @Override
    public void close() {
        workspaces.forEach(Workspace::close);
    }
}
