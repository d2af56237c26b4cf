package candor.lora;

import candor.BadInput;
import candor.io.HubSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a person may name where an adapter is wanted: its folder, or that of the run that made it. */
public final class AdapterFolder {
    /** What a run of ours calls the folder of its adapter. */
    private static final String ADAPTER = "adapter";

    private static final String CHECKPOINTS = "checkpoints";

    /** Checkpoints as TRL names them, which are adapters, and as we do, which are not. */
    private static final Pattern CHECKPOINT = Pattern.compile("(checkpoint|step)-[0-9]{1,18}");

    private AdapterFolder() {}

    /** The folder itself, or {@code adapter} in it where that is the one with an adapter. */
    public static Path find(Path given) {
        Path inner = given.resolve(ADAPTER);
        return !isAdapter(given) && isAdapter(inner) ? inner : given;
    }

    /** Whether there is one, finished: its settings come last. */
    public static boolean isAdapter(Path folder) {
        return Files.isRegularFile(folder.resolve(PeftFiles.CONFIG));
    }

    /**
     * What results call an adapter: its run's name, for {@code runs/severe}, {@code runs/severe/adapter} and their like; of a
     * checkpoint the run's and its own, {@code severe-checkpoint-500}; of one from the Hub its NAME there; else its folder's.
     */
    public static String name(Path given) {
        Path folder = find(given).toAbsolutePath().normalize();
        String last = String.valueOf(folder.getFileName());
        Path around = folder.getParent();
        if (around == null || around.getFileName() == null) {
            return last;
        }
        if (around.endsWith("snapshots")) {
            return HubSnapshot.of(folder)
                    .map(hub -> hub.repository().substring(hub.repository().indexOf('/') + 1))
                    .orElse(last);
        }
        if (last.equals(ADAPTER)) {
            return around.getFileName().toString();
        }
        if (CHECKPOINT.matcher(last).matches()) {
            boolean gathered = around.getFileName().toString().equals(CHECKPOINTS) && around.getParent() != null;
            Path run = gathered ? around.getParent() : around;
            return run.getFileName() == null ? last : run.getFileName() + "-" + last;
        }
        return last;
    }

    /** A line for a folder without an adapter: what it is instead, where that can be told, and what to give. */
    static BadInput none(Path folder) {
        if (Files.exists(folder.resolve("state.json")) && Files.exists(folder.resolve("parameters.f32"))) {
            return new BadInput(
                    folder + ": is a checkpoint to resume a run from, which holds no adapter in PEFT's layout; resume"
                            + " the run to its end, and give the run's folder");
        }
        if (Files.exists(folder.resolve("run.json")) && Files.isDirectory(folder.resolve(CHECKPOINTS))) {
            return new BadInput(folder
                    + ": is a run that has not ended, so it has no adapter yet; resume it, and come back when it is"
                    + " done");
        }
        List<String> checkpoints = checkpoints(folder);
        if (!checkpoints.isEmpty()) {
            return new BadInput(
                    folder + ": is not an adapter, but holds these, which are: " + String.join(", ", checkpoints)
                            + "; give one of them, such as " + folder.resolve(checkpoints.getLast()));
        }
        return new BadInput(
                folder + ": is not an adapter in PEFT's layout: it has no " + PeftFiles.CONFIG + "; give a folder with "
                        + PeftFiles.CONFIG + " and " + PeftFiles.WEIGHTS + ", or the folder of a run");
    }

    /** The names of at most three, the last ones. */
    private static List<String> checkpoints(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.filter(AdapterFolder::isAdapter)
                    .map(file -> file.getFileName().toString())
                    .filter(name -> CHECKPOINT.matcher(name).matches())
                    .sorted((one, other) -> Long.compare(number(one), number(other)))
                    .toList();
            return names.subList(Math.max(0, names.size() - 3), names.size());
        } catch (IOException e) {
            return List.of();
        }
    }

    private static long number(String checkpoint) {
        return Long.parseLong(checkpoint.substring(checkpoint.indexOf('-') + 1));
    }
}
