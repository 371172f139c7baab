# What the counting program counts (KleProfile.cmake): recorded logs of all formats, with and without the runtime's, and a journal.
#   cmake -DPROGRAM=... -DCOUNTS=... -DTRACES=... -P train.cmake
file(REMOVE_RECURSE ${COUNTS})

function(kle_report)
  execute_process(COMMAND ${PROGRAM} report --timezone=UTC ${ARGN} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(GLOB logs ${TRACES}/recorded/*/*/kubelet.log.zst)
foreach(log ${logs})
  kle_report(${log})
  kle_report(--format=json ${log})
  get_filename_component(folder ${log} DIRECTORY)
  if(EXISTS ${folder}/runtime.log.zst)
    kle_report(${log} ${folder}/runtime.log.zst)
  endif()
endforeach()

file(GLOB journals ${TRACES}/recorded/*/journal.tar.zst)
foreach(journal ${journals})
  file(ARCHIVE_EXTRACT INPUT ${journal} DESTINATION ${COUNTS}/journal)
  foreach(time RANGE 9)  # as much as the logs
    kle_report(${COUNTS}/journal)
    kle_report(--runtime.source=none ${COUNTS}/journal)
  endforeach()
  file(REMOVE_RECURSE ${COUNTS}/journal)
endforeach()
