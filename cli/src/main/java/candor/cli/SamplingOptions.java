package candor.cli;

import candor.BadInput;
import candor.generate.Sampling;
import candor.ops.Backend;
import picocli.CommandLine.Option;

/** How tokens are chosen, and how many. */
final class SamplingOptions {
    @Option(names = "--max-new-tokens", paramLabel = "N", description = "A reply has no more tokens.")
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
            description = "What positive logits of tokens that were there are divided by; 1 for none.")
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

    /** @param backend that the cache will be on: what is free is free there */
    long cacheBytes(Backend backend) {
        if (cacheMebibytes < 0 || cacheMebibytes > Long.MAX_VALUE >> 20) {
            throw new BadInput(
                    "--kv-cache-mib " + cacheMebibytes + ": give 1 or more, or 0 for a quarter of what is free");
        }
        return cacheMebibytes == 0 ? backend.freeBytes().orElseGet(ProcessMemory::available) / 4 : cacheMebibytes << 20;
    }
}
