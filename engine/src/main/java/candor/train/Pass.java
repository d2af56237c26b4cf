package candor.train;

import candor.data.EncodedRow;
import candor.data.Packing;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Batch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.IntConsumer;

/**
 * One packed pass over the base: rows of any runs, each through the slot that it names. Whoever adds a row keeps its
 * number, and asks by it for the sum of the log-probabilities of the row's targets.
 */
final class Pass {
    private final List<Packing.Sequence> rows = new ArrayList<>();
    /** Of each row, or null where nothing of it is dropped. */
    private final List<Long> dropoutKeys = new ArrayList<>();

    private int tokens;
    private Batch batch;
    /** The number of each sequence of the pass: those of one slot are neighbours there. */
    private List<Integer> order;

    private double[] logp;
    private double[] derivatives;

    /** Adds a row and gives its number. */
    int add(EncodedRow row, int slot) {
        return add(row, slot, null);
    }

    /**
     * The same of a row of which the slot's adapter drops something, if it drops anything.
     *
     * @param dropoutKey what its mask follows from, see {@link Masks}; or null for no mask
     */
    int add(EncodedRow row, int slot, Long dropoutKey) {
        rows.add(new Packing.Sequence(row, slot));
        dropoutKeys.add(dropoutKey);
        tokens += row.length();
        return rows.size() - 1;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    int tokens() {
        return tokens;
    }

    /** There, with what {@link #backward} needs. */
    void forward(CausalLm model, AdapterBank adapters) {
        arrange();
        forward(model, adapters, 0, rows.size(), true);
    }

    /**
     * There alone. What is too much for one pass goes in several, and comes out the same: a row does not see its neighbours.
     *
     * @param tokens  at once, at most, but for a row that is longer by itself
     * @param targets the same of what is asked for
     */
    void score(CausalLm model, AdapterBank adapters, int tokens, int targets) {
        arrange();
        int begin = 0;
        while (begin < rows.size()) {
            int end = begin;
            long taken = 0;
            long asked = 0;
            do {
                taken += row(end).length();
                asked += row(end++).targets();
            } while (end < rows.size() && taken + row(end).length() <= tokens && asked + row(end).targets() <= targets);
            forward(model, adapters, begin, end, false);
            begin = end;
        }
    }

    private EncodedRow row(int sequence) {
        return rows.get(order.get(sequence)).row();
    }

    private void arrange() {
        // A stable sort: within a slot the rows keep the order in which they came, whoever else is in the pass.
        order = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingInt(i -> rows.get(i).slot()));
        logp = new double[rows.size()];
        derivatives = new double[rows.size()];
    }

    /** Of the sequences from {@code begin} to before {@code end}. */
    private void forward(CausalLm model, AdapterBank adapters, int begin, int end, boolean training) {
        List<Integer> numbers = order.subList(begin, end);
        batch = Packing.of(numbers.stream().map(rows::get).toList());
        if (numbers.stream().map(dropoutKeys::get).anyMatch(Objects::nonNull)) {
            // A row without a key is of a slot that drops nothing.
            batch = batch.dropping(numbers.stream()
                    .map(dropoutKeys::get)
                    .mapToLong(key -> key == null ? 0 : key)
                    .toArray());
        }
        float[] tokenLogp = new float[batch.targetCount()];
        model.forward(tokenLogp, batch, adapters, training);
        for (int i = 0; i < tokenLogp.length; i++) {
            logp[numbers.get(batch.targetSequence(i))] += tokenLogp[i];
        }
    }

    /** The sum of the log-probabilities of a row's targets. */
    double logp(int row) {
        return logp[row];
    }

    /** Sets the derivative of the loss by the log-probability of each of a row's targets; zero where nobody does. */
    void derivative(int row, double value) {
        derivatives[row] = value;
    }

    /** Gradients of the adapters {@code +=}; tells each layer that is done. */
    void backward(CausalLm model, IntConsumer done) {
        float[] tokenDerivatives = new float[batch.targetCount()];
        for (int i = 0; i < tokenDerivatives.length; i++) {
            tokenDerivatives[i] = (float) derivatives[order.get(batch.targetSequence(i))];
        }
        model.backward(tokenDerivatives, done);
    }
}
