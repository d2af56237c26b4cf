package candor.cli;

import candor.BadInput;
import candor.lora.AdapterFolder;
import candor.merge.Merge;
import candor.merge.MergeReport;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.weight.PackedForm;
import candor.tensor.DType;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor merge}: an adapter folded into the weights. */
@Command(
        name = "merge",
        description = {
            "Folds an adapter into the weights of its model, and writes a checkpoint with them.",
            "Before it takes its place it is loaded again, and its logits on sample texts are compared with those of"
                    + " model and adapter."
        })
final class MergeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(MergeCommand.class);

    /** Types of the new weights. */
    enum Type {
        BASE(null, null),
        FLOAT32(DType.F32, null),
        BFLOAT16(DType.BF16, null),
        FLOAT16(DType.F16, null),
        NF4(null, PackedForm.NF4),
        INT8(null, PackedForm.INT8),
        FP8(null, PackedForm.FP8);

        private final DType dtype;
        private final PackedForm packed;

        Type(DType dtype, PackedForm packed) {
            this.dtype = dtype;
            this.packed = packed;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR",
            description = "The adapter's folder, its run's, or its name on the Hub, ORG/NAME.")
    private Path adapter;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to make.")
    private Path output;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description =
                    "The type of the new weights: ${COMPLETION-CANDIDATES}; base for that which each has, bfloat16 for"
                            + " packed ones. nf4, int8 and fp8 pack the linear layers again.")
    private Type type = Type.BASE;

    @Option(
            names = "--max-shard-mib",
            paramLabel = "MIB",
            description = "A file of weights is no larger, but for a single larger weight.")
    private long shardMebibytes = 5000;

    @Option(names = "--force", description = "Overwrite an existing checkpoint.")
    private boolean force;

    @Override
    public Integer call() {
        if (shardMebibytes < 1 || shardMebibytes > Long.MAX_VALUE >> 20) {
            throw new BadInput("--max-shard-mib " + shardMebibytes + ": give 1 or more");
        }
        Merge.Settings settings = new Merge.Settings(
                model.model(),
                model.weights,
                AdapterFolder.find(adapter),
                output,
                type.dtype,
                type.packed,
                shardMebibytes << 20,
                force);
        try (Interrupt interrupt = Interrupt.listen(Again.anew(spec));
                Backend backend = Backends.open(model.backendOfMerge(), model.threads)) {
            LOG.info("{}: merging {}", output, adapter);
            try {
                tell(Merge.run(settings, backend, interrupt::requested));
                spec.commandLine().getOut().println(output);
                return ExitCode.DONE;
            } catch (CancellationException e) {
                return interrupt.stopped();
            } catch (Merge.Mismatch e) {
                LOG.error("{}", e.getMessage());
                return ExitCode.FAILED;
            }
        }
    }

    private void tell(MergeReport report) {
        LOG.info(
                "{}",
                String.format(
                        Locale.ROOT,
                        "merged against unmerged, %d tokens: logits differ by %.2e at most, %.2e in the root mean"
                                + " square; the adapter changes them by %.2e; the likeliest token is the same %d times",
                        report.tokens(),
                        report.largest(),
                        report.difference(),
                        report.adapterEffect(),
                        report.agreements()));
        if (report.blurred()) {
            LOG.warn("rounding moves the logits more than a tenth as far as the adapter does: --dtype "
                    + (type.packed == null ? "float32" : "bfloat16") + " keeps more of it");
        }
    }
}
