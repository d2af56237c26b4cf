package candor.bench;

import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.model.Architecture;
import candor.model.CausalLm;
import candor.model.ModelConfig;
import candor.model.Recompute;
import candor.model.Rope;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Backends;
import candor.ops.Heads;
import candor.tensor.DType;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Greedy generation of a small random model, beside transformers' {@code generate} on the same shape, in turns, so that what
 * else the machine does falls on both: {@code DecodeComparison THREADS ROUNDS [PYTHON SCRIPT]}, with the script of {@code
 * bench/peers/generate.py}. Prints new tokens a second, prompts' time included: median, worst and best.
 */
public final class DecodeComparison {
    private static final int BATCH = 32;
    private static final int PROMPT = 64;
    private static final int NEW = 64;
    private static final int WARM_UP = 4;

    /** The model that the training benchmarks call tiny. */
    static final ModelConfig TINY = new ModelConfig(
            Architecture.LLAMA,
            256,
            688,
            6,
            new Heads(8, 4, 32),
            2048,
            1e-6f,
            new Rope.Default(10_000),
            true,
            2048,
            DType.F32,
            null,
            List.of(),
            null);

    private DecodeComparison() {}

    /** New tokens of one round, by the clock and by the processor: the second also means something on a busy machine. */
    private record Speed(double perSecond, double perCpuSecond) {
        static Speed of(double seconds, double cpuSeconds) {
            return new Speed(BATCH * NEW / seconds, BATCH * NEW / cpuSeconds);
        }
    }

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        int threads = Integer.parseInt(args[0]);
        int rounds = Integer.parseInt(args[1]);
        List<Speed> ours = new ArrayList<>();
        List<Speed> theirs = new ArrayList<>();
        try (Backend backend = Backends.open("cpu", threads);
                Weights weights = Weights.random(TINY, 1, DType.F32);
                CausalLm model = new CausalLm(backend, weights, Recompute.NONE, PROMPT + NEW);
                Generator generator =
                        new Generator(model, null, null, new Generator.Settings(BATCH, 512, 256L << 20));
                Peer peer = args.length > 2 ? new Peer(args[2], args[3], threads) : null) {
            SplittableRandom random = new SplittableRandom(1);
            for (int round = -WARM_UP; round < rounds; round++) {
                Speed here = round(generator, random);
                Speed there = peer == null ? null : peer.round();
                if (round >= 0) {
                    ours.add(here);
                    theirs.add(there);
                }
            }
            print("candor", ours);
            if (peer != null) {
                print("transformers", theirs);
                System.out.printf(
                        Locale.ROOT,
                        "ratio        %.2f by the clock, %.2f by the processor (medians of pairs)%n",
                        ratio(ours, theirs, Speed::perSecond),
                        ratio(ours, theirs, Speed::perCpuSecond));
            }
            System.out.printf(
                    Locale.ROOT,
                    "cache        %d bytes a token, %.1f MiB%n",
                    generator.cacheBytesPerToken(),
                    generator.cacheBytes() / 0x1p20);
        }
    }

    private static void print(String who, List<Speed> speeds) {
        double[] wall = speeds.stream().mapToDouble(Speed::perSecond).sorted().toArray();
        double[] cpu = speeds.stream().mapToDouble(Speed::perCpuSecond).sorted().toArray();
        System.out.printf(
                Locale.ROOT,
                "%-12s %.0f tokens/s (%.0f to %.0f), %.0f per processor second%n",
                who,
                wall[wall.length / 2],
                wall[0],
                wall[wall.length - 1],
                cpu[cpu.length / 2]);
    }

    private static double ratio(List<Speed> ours, List<Speed> theirs, ToDoubleFunction<Speed> of) {
        double[] ratios = new double[ours.size()];
        Arrays.setAll(ratios, i -> of.applyAsDouble(ours.get(i)) / of.applyAsDouble(theirs.get(i)));
        Arrays.sort(ratios);
        return ratios[ratios.length / 2];
    }

    /** Fresh prompts each time, so that nothing of them is in the cache. */
    private static Speed round(Generator generator, SplittableRandom random) {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            requests.add(Request.greedy(random.ints(PROMPT, 0, TINY.vocabSize()).toArray(), NEW, List.of()));
        }
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long cpu = system.getProcessCpuTime();
        long start = System.nanoTime();
        List<Completion> completions = generator.generate(requests);
        Speed speed = Speed.of((System.nanoTime() - start) / 1e9, (system.getProcessCpuTime() - cpu) / 1e9);
        if (completions.stream().mapToInt(completion -> completion.tokens().length).sum() != BATCH * NEW) {
            throw new IllegalStateException("not all tokens came");
        }
        return speed;
    }

    private static final class Peer implements AutoCloseable {
        private final BufferedReader out;
        private final PrintWriter in;

        Peer(String python, String script, int threads) throws IOException {
            Process process = new ProcessBuilder(python, script, "--threads", String.valueOf(threads))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            out = process.inputReader();
            in = new PrintWriter(process.outputWriter(), true);
            if (!"ready".equals(out.readLine())) {
                throw new IOException("the peer did not start");
            }
        }

        Speed round() throws IOException {
            in.println();
            String line = out.readLine();
            if (line == null) {
                throw new IOException("the peer ended");
            }
            String[] numbers = line.split(" ");
            return Speed.of(Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1]));
        }

        @Override
        public void close() {
            in.close(); // the end of its input is the peer's end
        }
    }
}
