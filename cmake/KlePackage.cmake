# What is installed besides the program, and the Debian package of it all: ./dev deb.
set(KLE_PACKAGED ${PROJECT_BINARY_DIR}/packaged)
set(KLE_DOCUMENTS ${CMAKE_INSTALL_DATAROOTDIR}/doc/${PROJECT_NAME})

install(FILES deploy/systemd/${PROJECT_NAME}.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/config.yaml DESTINATION /etc/${PROJECT_NAME})
install(FILES deploy/systemd/default DESTINATION /etc/default RENAME ${PROJECT_NAME})
install(FILES deploy/deb/copyright DESTINATION ${KLE_DOCUMENTS})
# The hints of a report name these pages, and a node has no checkout.
install(DIRECTORY dashboards/runbooks DESTINATION ${KLE_DOCUMENTS}/dashboards)
install(FILES deploy/deb/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/lintian/overrides RENAME ${PROJECT_NAME})

# kle_written_by_program(file command...): what the program itself prints, from its one table of options.
function(kle_written_by_program file)
  add_custom_command(OUTPUT ${KLE_PACKAGED}/${file}
    COMMAND ${PROJECT_NAME} ${ARGN} > ${KLE_PACKAGED}/${file}
    DEPENDS ${PROJECT_NAME}
    VERBATIM)
endfunction()

# kle_gzip(from to): without name and time, so that it is the same each time.
function(kle_gzip from to)
  add_custom_command(OUTPUT ${KLE_PACKAGED}/${to}
    COMMAND gzip -9nc ${from} > ${KLE_PACKAGED}/${to}
    DEPENDS ${from}
    VERBATIM)
endfunction()

set(CPACK_PACKAGE_CONTACT "The kubelet-lifecycle-exporter authors <maintainers@kubelet-lifecycle-exporter.invalid>")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(KLE_DEB_VERSION ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
string(TIMESTAMP KLE_DEB_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)  # $SOURCE_DATE_EPOCH, if it is set
configure_file(deploy/deb/changelog.in ${KLE_PACKAGED}/changelog.Debian @ONLY)

kle_written_by_program(${PROJECT_NAME}.1 man)
kle_written_by_program(${PROJECT_NAME}.bash completion bash)
kle_written_by_program(_${PROJECT_NAME} completion zsh)
kle_gzip(${KLE_PACKAGED}/${PROJECT_NAME}.1 ${PROJECT_NAME}.1.gz)
kle_gzip(${KLE_PACKAGED}/changelog.Debian changelog.Debian.gz)
kle_gzip(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog.gz)
add_custom_target(packaged ALL DEPENDS
  ${KLE_PACKAGED}/${PROJECT_NAME}.1.gz ${KLE_PACKAGED}/${PROJECT_NAME}.bash ${KLE_PACKAGED}/_${PROJECT_NAME}
  ${KLE_PACKAGED}/changelog.Debian.gz ${KLE_PACKAGED}/changelog.gz)
install(FILES ${KLE_PACKAGED}/${PROJECT_NAME}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${KLE_PACKAGED}/${PROJECT_NAME}.bash DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions
  RENAME ${PROJECT_NAME})
install(FILES ${KLE_PACKAGED}/_${PROJECT_NAME} DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/vendor-completions)
install(FILES ${KLE_PACKAGED}/changelog.Debian.gz ${KLE_PACKAGED}/changelog.gz DESTINATION ${KLE_DOCUMENTS})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/../deb)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What is loaded later is in no list of the program's own.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54)")
foreach(package ${KLE_LOADED_LATER})
  string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", ${package}")
endforeach()
# --timezone; and how older journal files are packed: newer libsystemd opens these at run time.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "tzdata, liblz4-1, liblzma5")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/deb/postinst ${PROJECT_SOURCE_DIR}/deploy/deb/prerm ${PROJECT_SOURCE_DIR}/deploy/deb/postrm
  ${PROJECT_SOURCE_DIR}/deploy/deb/conffiles)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "\
It reads what the kubelet writes to the systemd journal (or to a log file),
follows the life of every pod, and measures how it ends: from the request to
the containers gone, the grace used, preStop hooks, sandbox, volumes, cgroup,
every failure by its reason, and which pods are stuck now, in which step and
why. It can also report on a saved log.")
include(CPack)
