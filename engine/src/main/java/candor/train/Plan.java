package candor.train;

import candor.BadInput;
import candor.data.Batcher;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.model.Recomputation;
import candor.model.Recompute;
import candor.ops.Needs;
import candor.ops.Room;
import candor.train.config.TrainConfig;
import candor.train.objective.Requirements;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What runs will take, before anything is taken: bytes by place and kind, and tokens to compute.
 *
 * @param recomputation what each layer computes again
 * @param sumsNear   whether gradients of micro-batches are summed where they are computed, and not on the host
 * @param together   which micro-batches share a pass
 * @param host       memory of this machine
 * @param device     memory of the GPU; nothing where there is none in play
 * @param largest    upper bounds over all passes
 * @param tokens     that go forward and backward, of the whole of all runs
 * @param freeTokens that go forward alone
 * @param copied     bytes that are copied to the GPU of layers that do not stay there, of the whole of all runs
 * @param steps      optimiser steps of the longest run
 */
public record Plan(
        Recomputation recomputation,
        boolean sumsNear,
        Together together,
        Needs host,
        Needs device,
        Largest largest,
        double tokens,
        double freeTokens,
        double copied,
        int steps) {
    /** What inputs of layers are called that wait on the host. */
    public static final String WAITING = "inputs of layers";

    /**
     * The plan of runs as they are.
     *
     * @param room memory that there is
     * @throws BadInput where they do not fit: says where, and what would make them
     */
    public static Plan of(Prepared prepared, Room room) {
        return of(prepared, room, 1);
    }

    /**
     * The same of one of several processes of this machine that train together.
     *
     * @param room memory that there is for each
     */
    public static Plan of(Prepared prepared, Room room, int processes) {
        TrainConfig.Machine machine = prepared.runs().getFirst().config().machine();
        Footprint footprint = Footprint.of(prepared, 1, processes);
        boolean away = machine.activationOffloading() && footprint.canWait();
        Recomputation chosen = machine.recompute()
                .over(prepared.model().layers(), away)
                .or(() -> footprint.choice(away).choose(each -> footprint.fits(each, room)))
                .orElseGet(() -> all(prepared, away));
        if (!footprint.fits(chosen, room)) {
            throw refusal(prepared, footprint, chosen, room, processes);
        }
        Footprint settled = settled(footprint, chosen, room);
        return with(prepared, settled, withLogits(chosen, settled, room), room, processes);
    }

    /**
     * What a device has memory left for: sums of gradients stay there, and then micro-batches that are small go through together.
     * Neither changes a byte.
     */
    private static Footprint settled(Footprint footprint, Recomputation chosen, Room room) {
        Footprint near = footprint.withSumsNear();
        if (!near.fits(chosen, room)) {
            return footprint;
        }
        for (int many = footprint.microBatchesThatFill(); many > 1; many--) {
            Footprint filled = near.withTogether(many);
            if (filled.fits(chosen, room)) {
                return filled;
            }
        }
        return near;
    }

    /**
     * Where a device has memory left and layers keep all that they have, the head does so, too: to compute large logits again is one
     * of its three large products.
     */
    private static Recomputation withLogits(Recomputation chosen, Footprint footprint, Room room) {
        boolean whole = chosen.count(Recompute.NONE) == chosen.layers().size();
        return footprint.onDevice() && whole && footprint.fits(chosen.keepingLogits(), room)
                ? chosen.keepingLogits()
                : chosen;
    }

    /** The least memory on the device. */
    private static Recomputation all(Prepared prepared, boolean inputsOnHost) {
        int layers = prepared.model().layers();
        return Recomputation.of(layers, 0, layers, inputsOnHost);
    }

    private static BadInput refusal(
            Prepared prepared, Footprint footprint, Recomputation tried, Room room, int processes) {
        boolean here = footprint.host(tried).total() > room.host();
        Needs needs = here ? footprint.host(tried) : footprint.device(tried, room.overhead());
        long memory = here ? room.host() : room.device();
        String place = here ? "this machine's memory" : "the GPU's memory";
        String text = "the run needs " + mebibytes(needs.total()) + " of " + place + " with recompute " + tried.text()
                + ", and there are " + mebibytes(memory);
        int rows = prepared.runs().stream()
                .mapToInt(r -> r.config().batching().rows())
                .max()
                .orElseThrow();
        List<Boolean> ways =
                tried.inputsOnHost() ? List.of(true) : footprint.canWait() ? List.of(false, true) : List.of(false);
        for (int cut = 1; cut == 1 || cut / 2 < rows; cut *= 2) {
            Footprint smaller = Footprint.of(prepared, cut, processes);
            for (boolean away : ways) {
                Recomputation least = all(prepared, away);
                if (smaller.fits(least, room)) {
                    TrainConfig.Batching batching =
                            prepared.runs().getFirst().config().batching();
                    long total = (here ? smaller.host(least) : smaller.device(least, room.overhead())).total();
                    String smallerRows = " {per_device_train_batch_size} " + Math.max(1, batching.rows() / cut)
                            + " {gradient_accumulation_steps} "
                            + (long) batching.accumulation() * Math.min(cut, batching.rows());
                    return new BadInput(
                            text,
                            "it fits (" + mebibytes(total) + ") with {recompute} full"
                                    + (away && !tried.inputsOnHost() ? " {activation_offloading}" : "")
                                    + (cut == 1 ? "" : smallerRows));
                }
            }
        }
        return new BadInput(
                text + "; not even single rows fit",
                remedy(Footprint.of(prepared, rows, processes), all(prepared, tried.inputsOnHost()), room));
    }

    /** What to do where no cut of the batch helps. */
    private static String remedy(Footprint single, Recomputation least, Room room) {
        boolean here = single.host(least).total() > room.host();
        Needs needs = here ? single.host(least) : single.device(least, room.overhead());
        if (Footprint.fixed(needs) > (here ? room.host() : room.device())) {
            String kinds = String.join(
                    ", ",
                    needs.bytes().entrySet().stream()
                            .filter(entry -> entry.getValue() >= needs.total() / 10)
                            .map(entry -> entry.getKey() + " " + mebibytes(entry.getValue()))
                            .toList());
            return "of " + (here ? "this machine's" : "the GPU's") + " memory, whatever the batch, it takes "
                    + mebibytes(Footprint.fixed(needs)) + " (" + kinds + "); take a smaller model, a lower {lora_rank},"
                    + " fewer runs at once, or " + (here ? "a machine" : "a GPU") + " with more memory"
                    + offloading(single, least, room);
        }
        return "lower {max_length}, or take a smaller model";
    }

    /** Where it helps that layers do not stay on the GPU. */
    private static String offloading(Footprint single, Recomputation least, Room room) {
        Footprint offloaded = single.offloaded();
        return offloaded.travel().layers() > single.travel().layers() && offloaded.fits(least, room)
                ? "; or {offload_weights} {recompute} full: single rows fit ("
                        + mebibytes(offloaded.device(least, room.overhead()).total())
                        + " of the GPU's memory), slowly, and plan says how slowly"
                : "";
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, 1L << 20));
    }

    private static Plan with(
            Prepared prepared, Footprint footprint, Recomputation recomputation, Room room, int processes) {
        int steps = 0;
        double tokens = 0;
        double freeTokens = 0;
        Copying copying =
                new Copying(footprint.travel(), processes, footprint.largest().tokens(), footprint.together());
        for (Prepared.One run : prepared.runs()) {
            int total = Run.totalSteps(run.config().output(), run.config().steps(), batcher(run));
            steps = Math.max(steps, total);
            double epoch = Arrays.stream(run.data().lengths()).asLongStream().sum();
            double all = epoch * total / Math.max(1, batcher(run).stepsIn(1));
            tokens += all;
            if (run.probing() != null) {
                double probes =
                        Arrays.stream(run.probing().lengths()).asLongStream().sum();
                tokens += probes / run.probing().rows().size() * run.probing().rowsInStep() * total;
                freeTokens += probes;
            }
            Requirements needs = run.config().task().objective().needs();
            // Mismatched pairs in each epoch; once what stays known of the reference.
            freeTokens += needs.pairPasses() * all + (needs.freePasses() - needs.pairPasses()) * epoch;
            freeTokens += evaluated(run, total);
            if (run.watching() != null) {
                ProbePlan plan = Run.probePlan(run.config(), run.watching(), run.data(), total);
                freeTokens += (double) plan.readings(total)
                        * ProbePlan.tokens(plan.chosen(run.watching().probes()));
            }
            copying.add(run, batcher(run), total);
        }
        return new Plan(
                recomputation,
                footprint.sumsNear(),
                footprint.together(),
                footprint.host(recomputation),
                footprint.device(recomputation, room.overhead()),
                footprint.largest(),
                tokens,
                freeTokens,
                copying.bytes(),
                steps);
    }

    /**
     * Tokens of the held-out rows, each time that they are looked at; at the end once more. They are one step, so that their partners stay
     * the same, too: what is asked of the reference is asked once.
     */
    private static double evaluated(Prepared.One run, int steps) {
        if (run.heldOut() == null) {
            return 0;
        }
        int every = run.config().watch().evalSteps();
        double times = every == 0 ? 1 : Math.ceilDiv(steps, every);
        Requirements needs = run.config().task().objective().needs();
        int policy = needs.mismatched() == null ? 0 : 1;
        return (times * (1 + policy) + needs.freePasses() - policy)
                * Arrays.stream(run.heldOut().lengths()).asLongStream().sum();
    }

    private static Batcher batcher(Prepared.One run) {
        return new Batcher(run.data().lengths(), run.config().batcher());
    }

    /** Takes the memory of all passes at once, so that no step has to. */
    void reserve(CausalLm model, AdapterBank adapters) {
        model.reserve(adapters, largest.tokens(), largest.targets(), largest.freeTokens(), largest.freeTargets());
    }

    /** Tokens of the largest pass with gradients, at most. */
    public int passTokens() {
        return largest.tokens();
    }
}
