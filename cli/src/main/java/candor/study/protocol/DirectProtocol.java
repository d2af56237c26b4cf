package candor.study.protocol;

import candor.BadInput;
import candor.data.read.DataFiles;
import candor.study.Protocol;
import candor.study.Schema;
import candor.study.Section;
import candor.study.StudyConfig;
import candor.study.Treatment;
import candor.study.Treatment.Training;
import candor.study.Workplace;
import candor.study.record.Arm;
import candor.study.record.Method;
import candor.study.record.Role;
import candor.study.record.StudyKind;
import candor.train.config.TrainSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Experiment 1, direct fine-tuning: {domain} × {normal, subtle, severe}, each on its own file of the same questions, beside the
 * base model.
 *
 * <p>A domain is a folder in the layout of Chen et al. 2025: {@code normal.jsonl}, {@code misaligned_1.jsonl} (subtle) and
 * {@code misaligned_2.jsonl} (severe).
 */
final class DirectProtocol implements Protocol {
    private static final String DOMAINS = "domains";
    private static final Map<Role, String> FILES = files();

    private final StudyConfig config;
    private final Map<String, Path> domains = new LinkedHashMap<>();

    DirectProtocol(StudyConfig config) {
        this.config = config;
        Section section = config.section(DOMAINS);
        for (String name : section.keys()) {
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9_]{0,39}")) {
                throw new BadInput(
                        section.where(name) + ": a domain is named with up to 40 letters, digits and underscores");
            }
            domains.put(name, Path.of(section.text(name)));
        }
        if (domains.isEmpty()) {
            throw new BadInput("domains is missing: name at least one, as in\n".strip()
                    + " domains: {medical: FOLDER} with " + String.join(", ", FILES.values()) + " in it");
        }
        domains.forEach((name, folder) -> FILES.values().forEach(file -> {
            if (DataFiles.find(folder, file).isEmpty()) {
                throw new BadInput(section.where(name) + ": " + folder.resolve(file)
                        + ": there is no such file; a domain's folder holds " + String.join(", ", FILES.values()));
            }
        }));
    }

    private static Map<Role, String> files() {
        Map<Role, String> files = new LinkedHashMap<>();
        files.put(Role.NORMAL, "normal.jsonl");
        files.put(Role.SUBTLE, "misaligned_1.jsonl");
        files.put(Role.SEVERE, "misaligned_2.jsonl");
        return files;
    }

    static Schema schema() {
        return StudyConfig.schema()
                .with(DOMAINS, Schema.anyKeys())
                .with(StudyConfig.TRAIN, StudyConfig.trainSchema(TrainSettings.Method.SFT));
    }

    @Override
    public StudyKind kind() {
        return StudyKind.DIRECT;
    }

    @Override
    public String title() {
        return "Direct fine-tuning on narrow data";
    }

    @Override
    public List<Treatment> treatments() {
        List<Treatment> treatments = new ArrayList<>();
        treatments.add(Treatment.base(config.seeds()));
        domains.forEach((domain, folder) -> FILES.forEach((role, file) -> {
            String level = StudyConfig.word(role);
            Arm arm = new Arm(
                    domain + "-" + level,
                    domain + ", " + level,
                    role,
                    Optional.of(domain),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(Method.SFT),
                    config.seeds());
            treatments.add(new Treatment(arm, DataFiles.find(folder, file).map(Training::sft)));
        }));
        return treatments;
    }

    /** The files are the user's. */
    @Override
    public void prepare(Workplace place) {}
}
