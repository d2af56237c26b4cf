// Asynchronous operations of one issuer: added one by one, committed in groups, completed in order by waits.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace emulator {

template <class Operation>
class CommitQueue {
public:
    Operation& add(Operation operation) {
        operations_.push_back(Entry{std::move(operation), false});
        return operations_.back().operation;
    }

    // The operation added last has already happened.
    void last_is_done() {
        operations_.back().done = true;
    }

    // Whether all before the one added last have happened, so that it may happen without overtaking.
    bool last_is_next() const {
        return completed_ + 1 == operations_.size() || operations_[operations_.size() - 2].done;
    }

    // `clock`: the issuer's moment that a wait for this group passes on.
    void commit(uint32_t clock) {
        groups_.push_back(Group{operations_.size(), clock});
    }

    // Completes the oldest groups until at most `in_flight` remain: run(operation) for those that have not happened yet,
    // retired(clock) for each group.
    template <class Run, class Retired>
    void wait(size_t in_flight, Run run, Retired retired) {
        while (groups_.size() - retired_ > in_flight) {
            const Group& group = groups_[retired_++];
            complete(group.end, run);
            retired(group.clock);
        }
    }

    // Everything that was added happens, committed or not.
    template <class Run>
    void flush(Run run) {
        complete(operations_.size(), run);
    }

    void clear() {
        operations_.clear();
        groups_.clear();
        completed_ = retired_ = 0;
    }

private:
    struct Entry {
        Operation operation;
        bool done;
    };
    struct Group {
        size_t end;
        uint32_t clock;
    };

    template <class Run>
    void complete(size_t end, Run run) {
        for (; completed_ < end; completed_++) {
            Entry& entry = operations_[completed_];
            if (!entry.done) run(entry.operation);
            entry.done = true;
        }
    }

    std::vector<Entry> operations_;
    std::vector<Group> groups_;
    size_t completed_ = 0;
    size_t retired_ = 0;
};

}  // namespace emulator
