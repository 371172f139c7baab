# cmake -DFILES=a;b -DOUTPUT=x.cc -P embed.cmake: see KleEmbed.cmake.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  string(SUBSTRING ${extension} 1 -1 extension)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${name}: which content type has a .${extension}? Say it in cmake/embed.cmake")
  endif()
  file(READ ${file} bytes HEX)
  file(SHA256 ${file} digest)
  string(SUBSTRING ${digest} 0 16 digest)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kBytes${index}[] = {${bytes}};\n")
  string(APPEND rows
    "    {\"${name}\", \"${type_${extension}}\", {kBytes${index}, sizeof kBytes${index}}, \"\\\"${digest}\\\"\"},\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE ${OUTPUT} "// Made by cmake/embed.cmake.
#include \"exporter/web_assets.h\"

namespace kle {
namespace {

${arrays}
constexpr WebAsset kAssets[] = {
${rows}};

}  // namespace

std::span<const WebAsset> WebAssets() { return kAssets; }

const WebAsset* FindWebAsset(std::string_view name) {
  for (const WebAsset& asset : kAssets) {
    if (asset.name == name) return &asset;
  }
  return nullptr;
}

}  // namespace kle
")
