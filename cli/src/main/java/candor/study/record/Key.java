package candor.study.record;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The smallest part of a study that is finished as a whole. */
public record Key(String arm, long seed, String task, String subset) {
    void write(ObjectNode json) {
        json.put("arm", arm).put("seed", seed).put("task", task).put("subset", subset);
    }

    static Key read(Fields fields) {
        return new Key(arm(fields.text("arm")), fields.integer("seed"), fields.text("task"), fields.text("subset"));
    }

    @Override
    public String toString() {
        return "arm " + arm + ", seed " + seed + ", " + task + " " + subset;
    }

    /** Studies of earlier versions had another name for the base model. */
    private static String arm(String name) {
        return name.equals(Role.VANILLA) ? Arm.BASE : name;
    }
}
