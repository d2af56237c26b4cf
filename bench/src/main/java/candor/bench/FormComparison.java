package candor.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Forms of frozen weights beside each other, in turns: {@code FormComparison sft|decode SHAPE BATCH LENGTH THREADS ROUNDS FORM…}, with the
 * forms that {@link Shapes} has and the arguments of {@link FormTurns}. Prints a table: tokens a second, the ratio to the first form's
 * turn of the same round (median, smallest, largest), and the peak of each process's memory.
 */
public final class FormComparison {
    private static final int WARM_UP = 4;

    private FormComparison() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        List<String> forms = List.of(args).subList(6, args.length);
        double tokens = Double.parseDouble(args[2]) * Double.parseDouble(args[3]);
        double[][] speeds = new double[forms.size()][Integer.parseInt(args[5])];
        List<Peer> processes = new ArrayList<>();
        MarkdownTable table =
                new MarkdownTable("weights", "tokens/s", "range", "ratio", "range of ratios", "peak memory");
        try {
            for (String form : forms) {
                processes.add(new Peer(command(args, args[1] + ":" + form)));
            }
            for (int round = -WARM_UP; round < speeds[0].length; round++) {
                for (int i = 0; i < forms.size(); i++) {
                    double seconds = processes.get(i).turn()[0];
                    if (round >= 0) {
                        speeds[i][round] = tokens / seconds;
                    }
                }
            }
            for (int i = 0; i < forms.size(); i++) {
                double[] ratios = new double[speeds[i].length];
                for (int round = 0; round < ratios.length; round++) {
                    ratios[round] = speeds[i][round] / speeds[0][round];
                }
                table.add(
                        forms.get(i),
                        median(speeds[i], "%.0f"),
                        range(speeds[i], "%.0f"),
                        median(ratios, "%.2f"),
                        range(ratios, "%.2f"),
                        Turns.peakMemory(processes.get(i).pid()));
            }
        } finally {
            processes.forEach(Peer::close);
        }
        System.out.print(table);
    }

    /** This JVM once more. */
    private static List<String> command(String[] args, String shape) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), FormTurns.class.getName()));
        command.addAll(List.of(args[0], shape, args[2], args[3], args[4]));
        return command;
    }

    private static String median(double[] values, String format) {
        return String.format(Locale.ROOT, format, Median.of(values).value());
    }

    private static String range(double[] values, String format) {
        return String.format(
                Locale.ROOT,
                format + " to " + format,
                Arrays.stream(values).min().orElseThrow(),
                Arrays.stream(values).max().orElseThrow());
    }
}
