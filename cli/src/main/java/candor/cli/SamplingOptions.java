package candor.cli;

import candor.BadInput;
import candor.generate.GenerationDefaults;
import candor.generate.Sampling;
import candor.ops.Backend;
import candor.ops.ProcessMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How tokens are chosen, and how many. */
final class SamplingOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--max-new-tokens", paramLabel = "N", description = "The most tokens of a reply.")
    int maxNewTokens = 256;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "What logits are divided by; 0 always takes the likeliest token.")
    double temperature = 1;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Choose among the likeliest tokens that have this probability together; 1 for all.")
    double topP = 1;

    @Option(names = "--top-k", paramLabel = "K", description = "Choose among so many likeliest tokens; 0 for all.")
    int topK;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            description = "What positive logits of tokens that appeared before are divided by; 1 for none.")
    double repetitionPenalty = 1;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the random numbers.")
    long seed;

    @Option(
            names = "--kv-cache-mib",
            paramLabel = "MIB",
            description = "Memory for keys and values, at most; 0 for a quarter of what is free.")
    long cacheMebibytes;

    Sampling sampling() {
        if (maxNewTokens < 1) {
            throw new BadInput("--max-new-tokens " + maxNewTokens + ": give 1 or more");
        }
        return new Sampling(temperature, topK, topP, repetitionPenalty, seed);
    }

    /**
     * Takes what was not given from the model's {@code generation_config.json}, as transformers does: without {@code do_sample}
     * always the likeliest token. A model without that file leaves our own defaults.
     *
     * @return what holds now and where it is from, for the user
     */
    String completedBy(Path model) {
        String from = "given, or defaults";
        if (Files.exists(model.resolve(GenerationDefaults.FILE))) {
            GenerationDefaults defaults = GenerationDefaults.of(model);
            temperature = given("--temperature") ? temperature : defaults.sample() ? defaults.temperature() : 0;
            topP = given("--top-p") ? topP : defaults.drawnTopP();
            topK = given("--top-k") ? topK : defaults.drawnTopK();
            repetitionPenalty = given("--repetition-penalty") ? repetitionPenalty : defaults.repetitionPenalty();
            maxNewTokens =
                    given("--max-new-tokens") || defaults.maxNewTokens() == 0 ? maxNewTokens : defaults.maxNewTokens();
            from = "given, or the model's " + GenerationDefaults.FILE;
        }
        // Joined and not formatted: Java's formats set up its locales, which a start would wait for.
        return "temperature " + plain(temperature) + (temperature == 0 ? " (always the likeliest token)" : "")
                + ", top-p " + plain(topP) + ", top-k " + topK + ", repetition penalty " + plain(repetitionPenalty)
                + ", at most " + maxNewTokens + " new tokens (" + from + ")";
    }

    private boolean given(String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    /** @param backend that the cache will be on: what is free is free there */
    long cacheBytes(Backend backend) {
        return cacheBytes(cacheMebibytes, backend);
    }

    /** The same of a number that was given elsewhere. */
    static long cacheBytes(long cacheMebibytes, Backend backend) {
        if (cacheMebibytes < 0 || cacheMebibytes > Long.MAX_VALUE >> 20) {
            throw new BadInput(
                    "--kv-cache-mib " + cacheMebibytes + ": give 1 or more, or 0 for a quarter of what is free");
        }
        return cacheMebibytes == 0 ? backend.freeBytes().orElseGet(ProcessMemory::available) / 4 : cacheMebibytes << 20;
    }
}
