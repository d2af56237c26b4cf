package candor.cli;

import candor.BadInput;
import candor.merge.MergeReport;
import candor.merge.Quantise;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.weight.PackedForm;
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

/** {@code candor quantize}: a checkpoint with packed weights. */
@Command(
        name = "quantize",
        description = {
            "Writes a checkpoint with the linear layers of a model in four or eight bits, so that it need not be"
                    + " packed each time that it is loaded: in nf4, unless --weights says another form.",
            "nf4 and int8 are written as transformers and bitsandbytes store them, fp8 as Qwen 3's fp8 checkpoints are"
                    + " published. Before it takes its place it is loaded again, and its logits on sample texts are"
                    + " compared with the model's."
        })
final class QuantizeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(QuantizeCommand.class);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder to make.")
    private Path output;

    @Option(
            names = "--max-shard-mib",
            paramLabel = "MIB",
            description = "A file of weights is no larger, but for a single larger tensor.")
    private long shardMebibytes = 5000;

    @Option(names = "--force", description = "Overwrite an existing checkpoint.")
    private boolean force;

    @Override
    public Integer call() {
        if (shardMebibytes < 1 || shardMebibytes > Long.MAX_VALUE >> 20) {
            throw new BadInput("--max-shard-mib " + shardMebibytes + ": give 1 or more");
        }
        PackedForm form = model.weights == null ? PackedForm.NF4 : model.weights;
        Quantise.Settings settings = new Quantise.Settings(model.model(), form, output, shardMebibytes << 20, force);
        try (Interrupt interrupt = Interrupt.listen(Again.anew(spec));
                Backend backend = Backends.open(model.backendOfMerge(), model.threads);
                JobRows rows = JobRows.onStderr()) {
            LOG.info("{}: packing {} as {}", output, settings.model(), form.text());
            try {
                AnswerRow row = new AnswerRow(rows, rows.add("", "", 0, 0), "", backend::ownBytes);
                tell(Quantise.run(settings, backend, (done, of) -> row.at("tensors", done, of), interrupt::requested));
                spec.commandLine().getOut().println(output);
                return ExitCode.DONE;
            } catch (CancellationException e) {
                return interrupt.stopped();
            }
        }
    }

    private static void tell(MergeReport report) {
        LOG.info(
                "{}",
                String.format(
                        Locale.ROOT,
                        "packed against plain, %d tokens: logits differ by %.2e in the root mean square, %.1f %% of"
                                + " their standard deviation; the likeliest token is the same %d times",
                        report.tokens(),
                        report.difference(),
                        100 * report.difference() / report.spread(),
                        report.agreements()));
    }
}
