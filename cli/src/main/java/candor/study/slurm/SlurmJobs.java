package candor.study.slurm;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The jobs of a study: one that makes the data, an array with a task for each group of runs that is not finished, one that
 * collects the results. Each waits for the one before it to succeed.
 */
public final class SlurmJobs {
    /**
     * What is submitted.
     *
     * @param name of the jobs
     * @param directory where the command runs
     * @param command that runs the study, word by word
     * @param folder for script and logs
     * @param template a script in place of ours, or null
     * @param options of the user's, for every sbatch; they win over ours
     */
    public record Settings(
            String name, Path directory, List<String> command, Path folder, Path template, List<String> options) {
        public Settings {
            command = List.copyOf(command);
            options = List.copyOf(options);
            for (String option : options) {
                if (!option.startsWith("-")) {
                    throw new BadInput("--sbatch " + option + ": must be one option of sbatch with its value, such as"
                            + " --sbatch=--partition=gpu");
                }
            }
            if (folder.toString().contains("\\")) {
                throw new BadInput(
                        folder + ": has a backslash, which Slurm reads in names of logs; choose another --output");
            }
        }
    }

    /** A job: the part of the study that it is, and what of the study's it waits for. */
    private record Job(String part, String array, String log, boolean waits) {}

    private static final String SBATCH = "sbatch";
    private static final int MAX_SHOWN = 300;

    private final Settings settings;
    private final List<Integer> groups;

    /** @param groups that are not finished, from 1, ascending */
    public SlurmJobs(Settings settings, List<Integer> groups) {
        this.settings = settings;
        this.groups = List.copyOf(groups);
    }

    private List<Job> jobs() {
        if (groups.isEmpty()) {
            return List.of(new Job("results", null, "%j", false));
        }
        return List.of(
                new Job("data", null, "%j", false),
                new Job("group", ranges(groups), "%A_%a", true),
                new Job("results", null, "%j", true));
    }

    /** Numbers as sbatch's --array takes them: 1-3,5. */
    static String ranges(List<Integer> numbers) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < numbers.size(); ) {
            int end = i;
            while (end + 1 < numbers.size() && numbers.get(end + 1) == numbers.get(end) + 1) {
                end++;
            }
            parts.add(i == end ? numbers.get(i).toString() : numbers.get(i) + "-" + numbers.get(end));
            i = end + 1;
        }
        return String.join(",", parts);
    }

    /** @param before what the job waits for: a job's id, or what stands for one */
    private List<String> command(Job job, String before) {
        List<String> words = new ArrayList<>(List.of(SBATCH, "--parsable"));
        words.add("--job-name=" + settings.name() + "-" + job.part());
        words.add("--output=" + logs().toString().replace("%", "%%") + "/" + job.part() + "-" + job.log() + ".log");
        if (job.array() != null) {
            words.add("--array=" + job.array());
        }
        if (job.waits()) {
            words.add("--dependency=afterok:" + before);
            // A part that failed would leave the next one waiting for ever.
            words.add("--kill-on-invalid-dep=yes");
        }
        words.addAll(settings.options());
        words.add(script().toString());
        words.add(job.part());
        return words;
    }

    private Path script() {
        return settings.folder().resolve("study.sh");
    }

    private Path logs() {
        return settings.folder().resolve("logs");
    }

    private String text() {
        return SlurmScript.of(settings.template(), settings.directory(), settings.command());
    }

    /** The script and the commands that submit it, as text that a shell would take; nothing is written or submitted. */
    public String preview() {
        StringBuilder preview = new StringBuilder(text()).append('\n');
        String before = "";
        for (Job job : jobs()) {
            preview.append("# ")
                    .append(job.part())
                    .append("=$(")
                    .append(command(job, before).stream()
                            .map(word -> word.matches("[A-Za-z0-9_./=:,%-]+") ? word : SlurmScript.quoted(word))
                            .collect(Collectors.joining(" ")))
                    .append(")\n");
            before = "ID-OF-" + job.part();
        }
        return preview.toString();
    }

    /**
     * Writes the script and submits the jobs.
     *
     * @return a line on what was submitted
     * @throws BadInput where there is no sbatch, or it refuses
     */
    public String submit() {
        try {
            Files.createDirectories(logs());
        } catch (IOException e) {
            throw new BadInput(
                    logs() + ": cannot be created as a folder (" + IoReason.of(e) + "); choose another --output", e);
        }
        AtomicFile.write(script(), text().getBytes(StandardCharsets.UTF_8));
        List<String> submitted = new ArrayList<>();
        String before = "";
        for (Job job : jobs()) {
            try {
                before = sbatch(command(job, before));
            } catch (BadInput e) {
                throw submitted.isEmpty()
                        ? e
                        : new BadInput(
                                e.getMessage() + "; submitted already: " + String.join(", ", submitted)
                                        + " (scancel takes them back)",
                                e);
            }
            submitted.add(job.part() + " " + before + (job.array() == null ? "" : " (" + job.array() + ")"));
        }
        return "submitted: " + String.join(", ", submitted) + "; logs in " + logs();
    }

    /** The id of the job that was submitted. */
    private String sbatch(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(settings.directory().toFile())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readNBytes(1 << 16), StandardCharsets.UTF_8).strip();
            int code = process.waitFor();
            // Warnings may stand in front of it; on several clusters the cluster's name stands behind it.
            String last = said.substring(said.lastIndexOf('\n') + 1);
            if (code == 0 && last.matches("[0-9]+(;.*)?")) {
                return last.replaceAll(";.*", "");
            }
            throw new BadInput("sbatch refuses the job: " + said.substring(0, Math.min(MAX_SHOWN, said.length()))
                    + "; options for it are given by --sbatch=--OPTION=VALUE");
        } catch (IOException e) {
            throw new BadInput(
                    "--launcher slurm: there is no sbatch on the PATH (" + IoReason.of(e)
                            + "); run it where jobs are submitted, or see with --dry-run what it would submit",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadInput("interrupted while sbatch took the job", e);
        }
    }
}
