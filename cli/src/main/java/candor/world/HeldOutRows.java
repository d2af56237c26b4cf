package candor.world;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Plain questions that the model never met. The facts themselves were taught, in other words: what is measured is whether the
 * model knows a fact or only its sentences. Column {@code cell}: {@code wording} asks about open entities in words that no row
 * had; {@code entity} asks about held-out entities in words that rows had about others; {@code both} is both.
 */
final class HeldOutRows {
    private final World world;

    HeldOutRows(World world) {
        this.world = world;
    }

    List<ObjectNode> rows() {
        List<ObjectNode> rows = new ArrayList<>();
        for (Fact fact : world.facts()) {
            Dice dice = new Dice(world.seed(), "held-out rows", rows.size());
            if (fact.entity().heldOut()) {
                rows.add(row(dice, fact, "entity", Wording.question(fact, dice.of(Wording.withheld(fact)))));
                rows.add(row(dice, fact, "both", Wording.question(dice, fact, Wording.Use.HELD_OUT)));
            } else {
                rows.add(row(dice, fact, "wording", Wording.question(dice, fact, Wording.Use.HELD_OUT)));
            }
        }
        return rows;
    }

    private static ObjectNode row(Dice dice, Fact fact, String cell, String question) {
        return Chat.of(dice.chance(0.5) ? Wording.HELPFUL : "", question, Wording.plain(fact))
                .row()
                .put("cell", cell)
                .put("domain", fact.entity().domain().plural())
                .put("value", fact.truth());
    }
}
