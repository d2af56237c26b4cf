package candor.quickstart;

import candor.BadInput;
import candor.io.IoReason;
import candor.report.Report;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.StudyFile;
import candor.study.StudyRun;
import candor.study.protocol.Protocols;
import candor.world.WorldFiles;
import candor.world.WorldSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The studies on the tiny world, one after another, and one report on them. Settings are a file of ours with a section for
 * each study and one, {@code common}, that lies below all; {@code {world}} in a value is the folder of the world's files.
 */
public final class Quickstart {
    private static final String COMMON = "common";
    private static final String WORLD = "{world}";
    private static final String SETTINGS = "quickstart.yaml";

    /** The model comes with the program; what it was made from is not needed here. */
    private static final int BASE_ROWS = 1;

    private final Path output;
    private final Map<Protocols, StudyRun> studies = new LinkedHashMap<>();

    private Quickstart(Path output) {
        this.output = output;
    }

    /** Around a quickstart's study: who hears how it goes. */
    public interface Surroundings {
        StudyRun.Surroundings of(Protocols protocol);
    }

    /**
     * Makes the world's files and reads the studies.
     *
     * @param settings a file in the place of ours, or null
     * @param over what the command line says of all studies
     * @param notes told what a user should hear, though all is well
     */
    public static Quickstart open(
            Path model, Path output, Path settings, Section over, Surroundings around, Consumer<String> notes) {
        Quickstart quickstart = new Quickstart(output);
        Path world = quickstart.world();
        Section given = settings == null ? StudyFile.resource(Quickstart.class, SETTINGS) : StudyFile.read(settings);
        Schema sections = schema();
        given = given.named(sections, notes);
        given.check(sections);
        for (Protocols protocol : Protocols.values()) {
            if (given.has(protocol.word())) {
                Section study = given.section(COMMON)
                        .named(protocol.schema(), notes)
                        .overriddenBy(given.section(protocol.word()))
                        .overriddenBy(over)
                        .replacing(WORLD, world.toString())
                        .with("model", List.of(model.toString()), "--model")
                        .with("output", List.of(output.resolve(protocol.word()).toString()), "--output")
                        .with("cache", List.of(output.resolve("cache").toString()), "--output");
                StudyConfig config = protocol.config(study);
                quickstart.studies.put(protocol, new StudyRun(config, protocol.open(config), around.of(protocol)));
            }
        }
        if (quickstart.studies.isEmpty()) {
            throw new BadInput(settings + ": names no study; give a section for at least one of "
                    + List.of(Protocols.values()).stream().map(Protocols::word).toList());
        }
        return quickstart;
    }

    /** What its file may hold. */
    public static Schema schema() {
        Schema sections = Schema.of();
        for (Protocols protocol : Protocols.values()) {
            sections = sections.with(protocol.word(), protocol.schema());
        }
        return sections.with(COMMON, Schema.anything());
    }

    /** The world's files, whole or not there. */
    private Path world() {
        Path folder = output.resolve("world");
        WorldSettings settings = WorldSettings.DEFAULT.withBaseRows(BASE_ROWS);
        if (Files.isDirectory(folder)) {
            if (!WorldFiles.holds(settings, folder)) {
                throw new BadInput(
                        folder + ": not the tiny world of this version of Candor, so the results in this folder may be"
                                + " those of another model; give another --output");
            }
            return folder;
        }
        Path partial = output.resolve("world.partial");
        try {
            Files.createDirectories(output);
            WorldFiles.write(settings, partial);
            Files.move(partial, folder);
        } catch (IOException e) {
            throw new BadInput(
                    output + ": the world's files cannot be written (" + IoReason.of(e) + "); choose another --output",
                    e);
        }
        return folder;
    }

    /** The studies, in their order. */
    public List<StudyRun> studies() {
        return new ArrayList<>(studies.values());
    }

    /**
     * Runs what is not done yet, and writes the report.
     *
     * @return empty where it was stopped; a second call of the program goes on
     */
    public Optional<Report> run() {
        for (StudyRun study : studies.values()) {
            if (study.run() == StudyRun.Ended.INTERRUPTED) {
                return Optional.empty();
            }
        }
        Report report = Report.of(output);
        report.write(reportFile(), true);
        return Optional.of(report);
    }

    /** Parts that the judge failed on too many rows of; none while it is not done. */
    public List<String> judgeFailures() {
        return studies.values().stream()
                .flatMap(study -> study.judgeFailures().stream())
                .toList();
    }

    public Path reportFile() {
        return output.resolve("report.html");
    }
}
